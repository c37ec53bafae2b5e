using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Storage.Contract;

namespace OrleansStream.Storage.Tests.Segments;

/// <summary>Appending and reading, on the machine's own disk.</summary>
public sealed class FilePartitionLogTests : PartitionLogContract
{
    private readonly TestFolder _folder = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => Task.FromResult(_folder.OpenStore(Time));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Idempotent producers, on the machine's own disk.</summary>
public sealed class FileIdempotentProducerTests : IdempotentProducerContract
{
    private readonly TestFolder _folder = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => Task.FromResult(_folder.OpenStore(Time));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Rolling and retention, on the machine's own disk.</summary>
public sealed class FileSegmentTests : SegmentContract
{
    private readonly TestFolder _folder = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => Task.FromResult(_folder.OpenStore(Time));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Finding records by time, on the machine's own disk.</summary>
public sealed class FileTimestampTests : TimestampContract
{
    private readonly TestFolder _folder = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => Task.FromResult(_folder.OpenStore(Time));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Epochs, fencing and deleting, on the machine's own disk.</summary>
public sealed class FileOwnershipTests : OwnershipContract
{
    private readonly TestFolder _folder = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => Task.FromResult(_folder.OpenStore(Time));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>A folder of the test's own, deleted with it.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("orleansstream-").FullName;

    public IPartitionLogStore OpenStore(TimeProvider time) =>
        new FilePartitionLogStore(new FileLogStoreOptions { Root = Path.Combine(_path, "logs") }, time, NullLoggerFactory.Instance);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
