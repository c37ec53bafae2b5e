using OrleansStream.Storage;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// One group's durable state. A call takes effect at some moment between its begin and its end, may be slow, and may fail
/// before or after it took effect. Offsets of deleted topics are dropped. The others are checked as they arrive; their metadata names the member.
/// </summary>
internal sealed class SimulatedGroupStore(SimulatedWorld world, Predicate<PartitionId> exists, Action<string> violated) : IGroupStore
{
    private readonly Dictionary<PartitionId, StoredOffset> _offsets = [];
    private StoredGroup? _group;
    private long _lastVersion;

    /// <summary>False once everything is to go well.</summary>
    public bool IsRough { get; set; } = true;

    /// <summary>Which member began last to consume a partition, having read where to begin.</summary>
    public Dictionary<PartitionId, string> LastStarted { get; } = [];

    public long ReadOffset(PartitionId partition) => _offsets.TryGetValue(partition, out var offset) ? offset.Offset.Value : 0;

    public ValueTask<StoredGroup?> LoadAsync(string groupId, CancellationToken cancellationToken) => CallAsync(() => _group);

    public ValueTask<long?> TrySaveAsync(StoredGroup group, CancellationToken cancellationToken) => CallAsync<long?>(() =>
    {
        if (group.Version != (_group?.Version ?? 0))
        {
            return null;
        }

        if (_group is not null && group.Generation < _group.Generation)
        {
            violated($"generation went back from {_group.Generation} to {group.Generation}");
        }

        _group = group with { Version = ++_lastVersion };
        return _group.Version;
    });

    public ValueTask<bool> TryDeleteAsync(string groupId, long version, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<StoredGroup>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<bool> TryCommitAsync(string groupId, long version, IReadOnlyList<StoredOffset> offsets, CancellationToken cancellationToken) => CallAsync(() =>
    {
        if (version != _group?.Version)
        {
            return false;
        }

        foreach (var offset in offsets.Where(offset => exists(offset.Partition)))
        {
            if (offset.Offset.Value < ReadOffset(offset.Partition))
            {
                violated($"{offset.Partition}: {offset.Metadata} moved the offset back from {ReadOffset(offset.Partition)} to {offset.Offset}");
            }

            if (LastStarted.TryGetValue(offset.Partition, out var owner) && owner != offset.Metadata)
            {
                violated($"{offset.Partition}: {offset.Metadata} committed after {owner} had begun");
            }

            _offsets[offset.Partition] = offset;
        }

        return true;
    });

    public ValueTask<IReadOnlyList<StoredOffset>> ReadOffsetsAsync(string groupId, CancellationToken cancellationToken) => throw new NotSupportedException();

    private ValueTask<T> CallAsync<T>(Func<T> effect)
    {
        var result = new TaskCompletionSource<T>();
        var (toEffect, toAnswer) = IsRough && world.Chance(0.05)
            ? (world.Milliseconds(0, 1500), world.Milliseconds(0, 1500))
            : (world.Milliseconds(0, 10), world.Milliseconds(0, 10));
        var failsBefore = IsRough && world.Chance(0.005);
        var failsAfter = IsRough && world.Chance(0.005);
        world.After(toEffect, () =>
        {
            var answer = failsBefore ? default : effect();
            world.After(toAnswer, () =>
            {
                if (failsBefore || failsAfter)
                {
                    result.SetException(new OrleansStreamException(ErrorCode.StorageError, "simulated"));
                }
                else
                {
                    result.SetResult(answer!);
                }
            });
        });
        return new ValueTask<T>(result.Task);
    }
}
