using System.Collections.Concurrent;
using OrleansStream.Client.Administration;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Cli.Records;

/// <summary>
/// Where a topic ended when a command began, and whether its reading has come that far. Alone, that is when every partition was
/// read up to its end; in a group, when each partition was either read that far here or committed that far by others.
/// </summary>
internal sealed class EndOfTopic
{
    private const int ParallelRequests = 16;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Longer, because looking means asking the group.</summary>
    private static readonly TimeSpan s_groupInterval = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<TopicPartition, Offset> _ends;

    private EndOfTopic(Dictionary<TopicPartition, Offset> ends) => _ends = ends;

    /// <summary>True when there was nothing to read from the start.</summary>
    public bool IsReached => _ends.Count == 0;

    /// <summary>Asks every partition for its end; those without a record need no reading.</summary>
    public static async Task<EndOfTopic> CaptureAsync(IAdminClient admin, IEnumerable<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var ends = new ConcurrentDictionary<TopicPartition, Offset>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = ParallelRequests, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(partitions, parallel, async (partition, token) =>
        {
            var end = await admin.FindEndAsync(partition, token);
            if (await admin.FindBeginningAsync(partition, token) < end)
            {
                ends[partition] = end;
            }
        });
        return new EndOfTopic(new Dictionary<TopicPartition, Offset>(ends));
    }

    /// <summary>True when a record came after the command began.</summary>
    public bool IsBehind(TopicPartition partition, Offset offset) => !_ends.TryGetValue(partition, out var end) || offset >= end;

    /// <summary>Looks again and again how far the consumer is, and cancels <paramref name="stop"/> at the end.</summary>
    public async Task WatchAsync(IConsumer<byte[], byte[]> consumer, bool isGroup, CancellationTokenSource stop)
    {
        using var timer = new PeriodicTimer(isGroup ? s_groupInterval : s_interval);
        try
        {
            while (!await IsReachedByAsync(consumer, isGroup, stop.Token))
            {
                await timer.WaitForNextTickAsync(stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody waits for the end any more.
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    private async Task<bool> IsReachedByAsync(IConsumer<byte[], byte[]> consumer, bool isGroup, CancellationToken cancellationToken)
    {
        var owned = consumer.Assignment.ToHashSet();
        if (_ends.Any(p => owned.Contains(p.Key) && !(Position(consumer, p.Key) >= p.Value)))
        {
            return false;
        }

        var others = _ends.Keys.Where(p => !owned.Contains(p)).ToList();
        if (others.Count == 0 || !isGroup)
        {
            return others.Count == 0;
        }

        try
        {
            // The other members wait for this one's commits as this one does for theirs.
            await consumer.CommitAsync(cancellationToken);
            var committed = await consumer.CommittedAsync(others, cancellationToken);
            return committed.Count(c => c.Offset >= _ends[c.TopicPartition]) == others.Count;
        }
        catch (OrleansStreamException e) when (e.IsRetriable || e.ErrorCode is ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId)
        {
            // Partitions are changing hands; the next look will tell.
            return false;
        }
    }

    private static Offset? Position(IConsumer<byte[], byte[]> consumer, TopicPartition partition)
    {
        try
        {
            return consumer.Position(partition);
        }
        catch (InvalidOperationException)
        {
            // It was given to another member since the assignment was read.
            return null;
        }
    }
}
