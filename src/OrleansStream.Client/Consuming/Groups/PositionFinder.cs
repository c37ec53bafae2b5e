using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Consuming.Groups;

/// <summary>Finds out where reading of newly assigned partitions begins, unless somebody seeks first.</summary>
internal sealed class PositionFinder
{
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions _options;
    private readonly ConsumedPartitions _partitions;
    private readonly OffsetCommitter? _committer;

    public PositionFinder(ClusterConnection connection, ConsumerOptions options, ConsumedPartitions partitions, OffsetCommitter? committer)
    {
        _connection = connection;
        _options = options;
        _partitions = partitions;
        _committer = committer;
    }

    /// <summary>
    /// Begins where the group's committed offset says, or else where <see cref="ConsumerOptions.OffsetReset"/> does. Trouble
    /// that may pass is retried until the token says stop; other trouble is left for the loop.
    /// </summary>
    public async Task BeginAsync(IEnumerable<ConsumedPartition> partitions, CancellationToken cancellationToken)
    {
        var open = partitions.Select(partition => (Partition: partition, partition.Progress)).Where(x => !x.Progress.Position.HasValue).ToList();
        if (open.Count == 0)
        {
            return;
        }

        try
        {
            if (_committer is not null)
            {
                var committed = await UntilItPassesAsync(
                    () => _committer.ReadAsync([.. open.Select(x => x.Partition.TopicPartition)], cancellationToken), cancellationToken).ConfigureAwait(false);
                var byName = committed.ToDictionary(x => x.TopicPartition, x => x.Offset);
                foreach (var (partition, progress) in open)
                {
                    if (byName.TryGetValue(partition.TopicPartition, out var offset))
                    {
                        partition.Committed = offset;
                        _partitions.Seek(partition, offset, insteadOf: progress);
                    }
                }

                open.RemoveAll(x => byName.ContainsKey(x.Partition.TopicPartition));
            }

            await Task.WhenAll(open.Select(x => ResetAsync(x.Partition, x.Progress, cancellationToken))).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (OrleansStreamException exception)
        {
            open.ForEach(x => _partitions.Refuse(x.Partition, x.Progress, exception));
        }
    }

    /// <summary>Finds a place in a partition's log.</summary>
    public Task<Offset> FindAsync(ConsumedPartition partition, OffsetPosition position, long timestampMs, CancellationToken cancellationToken) =>
        _connection.FindAsync(partition.TopicPartition, new FindOffsetRequest(partition.Id, position, timestampMs), cancellationToken);

    private async Task ResetAsync(ConsumedPartition partition, PartitionProgress progress, CancellationToken cancellationToken)
    {
        if (_options.OffsetReset == OffsetReset.Fail)
        {
            _partitions.Refuse(partition, progress, new OrleansStreamException(
                ErrorCode.OffsetOutOfRange,
                $"Nothing is committed for {partition.TopicPartition}, so it is not known where to begin. Seek, or set {nameof(ConsumerOptions.OffsetReset)}."));
            return;
        }

        var position = _options.OffsetReset == OffsetReset.End ? OffsetPosition.End : OffsetPosition.Beginning;
        try
        {
            var offset = await UntilItPassesAsync(
                () => FindAsync(partition, position, 0, cancellationToken), cancellationToken).ConfigureAwait(false);
            _partitions.Seek(partition, offset, insteadOf: progress);
        }
        catch (OrleansStreamException exception) when (!cancellationToken.IsCancellationRequested)
        {
            _partitions.Refuse(partition, progress, exception);
        }
    }

    private static async Task<T> UntilItPassesAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (OrleansStreamException exception) when (exception.IsRetriable)
            {
                // The call itself paused and retried before it gave up.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
