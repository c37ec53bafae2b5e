using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Storage.Contract;

namespace OrleansStream.Storage.Tests.Segments;

/// <summary>The contract, on the machine's own disk.</summary>
public sealed class FilePartitionLogStoreTests : PartitionLogContract
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), "orleansstream-tests", Guid.NewGuid().ToString("N"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    protected override IPartitionLogStore CreateStore() =>
        new FilePartitionLogStore(new FileLogStoreOptions { Root = _root }, Time, NullLoggerFactory.Instance);
}
