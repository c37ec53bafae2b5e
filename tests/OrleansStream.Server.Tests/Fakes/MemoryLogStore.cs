using System.Collections.Concurrent;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>A store whose logs live in memory, for the cases that a real disk does not produce on demand.</summary>
internal sealed class MemoryLogStore : IPartitionLogStore
{
    private readonly ConcurrentDictionary<PartitionId, List<byte[]>> _batches = new();
    private readonly ConcurrentDictionary<PartitionId, int> _epochs = new();

    public string Name => "memory";

    /// <summary>The latest opening of each partition.</summary>
    public ConcurrentDictionary<PartitionId, MemoryLog> Logs { get; } = new();

    /// <summary>What opening a log answers with, when a test wants it to fail.</summary>
    public Func<PartitionId, Exception?> OpenFailure { get; set; } = _ => null;

    /// <summary>What deleting a log answers with, when a test wants it to fail.</summary>
    public Exception? DeleteFailure { get; set; }

    /// <summary>Partitions whose closed logs retention was applied to.</summary>
    public ConcurrentBag<PartitionId> Retained { get; } = [];

    public ValueTask<IPartitionLog> OpenAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken)
    {
        if (OpenFailure(partition) is { } failure)
        {
            throw failure;
        }

        var epoch = new LeaderEpoch(_epochs.AddOrUpdate(partition, 0, (_, last) => last + 1));
        var log = new MemoryLog(partition, epoch, _batches.GetOrAdd(partition, _ => []));
        Logs[partition] = log;
        return ValueTask.FromResult<IPartitionLog>(log);
    }

    public ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Logs.TryGetValue(partition, out var log) ? log.Describe() : null);

    public ValueTask ApplyRetentionAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken)
    {
        Retained.Add(partition);
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (DeleteFailure is not null)
        {
            throw DeleteFailure;
        }

        if (Logs.TryRemove(partition, out var log))
        {
            log.Fail(ErrorCode.FencedLeaderEpoch);
        }

        _batches.TryRemove(partition, out _);
        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<PartitionId> ListAsync(CancellationToken cancellationToken) => Logs.Keys.ToAsyncEnumerable();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
