using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>The partition log by itself: checks, offsets, group commit, and whatever the store keeps its bytes in.</summary>
internal abstract class StorageRung : IRung
{
    private readonly List<IPartitionLog> _logs = [];
    private IPartitionLogStore? _store;
    private SampleBatch _batch = null!;
    private Load _load = null!;

    public abstract string Name { get; }

    protected abstract Task<IPartitionLogStore> OpenStoreAsync(string folder);

    public async Task StartAsync(Load load, string folder)
    {
        _load = load;
        _batch = new SampleBatch(load);
        _store = await OpenStoreAsync(folder);
        for (var i = 0; i < load.Partitions; i++)
        {
            _logs.Add(await _store.OpenAsync(new PartitionId(Guid.NewGuid(), i), TopicConfiguration.Default, CancellationToken.None));
        }
    }

    public Task<Measurement> RunAsync() => ClosedLoop.RunAsync(_load, _batch.RecordCount, _batch.Bytes.Length, async partition =>
    {
        var result = await _logs[partition].AppendAsync(_batch.Bytes, CancellationToken.None);
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"The append failed with {result.Error}: {result.Message}");
        }
    });

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }

        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }
}

/// <summary>The log on files.</summary>
internal sealed class FileStorageRung : StorageRung
{
    public override string Name => "Storage";

    protected override Task<IPartitionLogStore> OpenStoreAsync(string folder) => Task.FromResult<IPartitionLogStore>(
        new FilePartitionLogStore(new FileLogStoreOptions { Root = folder }, TimeProvider.System, NullLoggerFactory.Instance));
}
