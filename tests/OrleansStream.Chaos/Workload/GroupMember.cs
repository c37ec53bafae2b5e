using OrleansStream.Chaos.History;
using OrleansStream.Client.Consuming;
using OrleansStream.Groups;

namespace OrleansStream.Chaos.Workload;

/// <summary>
/// A place in the consumer group. Whoever has it commits by hand behind every batch, leaves after a while, and is followed by another
/// member, so that the group is rebalanced again and again.
/// </summary>
internal sealed class GroupMember(WorkloadContext context, int number)
{
    private const int ShortestLifeSeconds = 5;
    private const int LongestLifeSeconds = 20;
    private const int LongestPauseMs = 2000;
    private static readonly TimeSpan s_sessionTimeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_retryPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Consumes until it is told to stop; a member in its last life stays from <paramref name="settled"/> on.</summary>
    public async Task RunAsync(CancellationToken settled, CancellationToken stopping)
    {
        var random = context.RandomOf($"member-{number}");
        await using var client = await context.ConnectAsync(CancellationToken.None);
        for (var life = 1; !stopping.IsCancellationRequested; life++)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            var lifetime = TimeSpan.FromSeconds(random.Next(ShortestLifeSeconds, LongestLifeSeconds));
            var pause = TimeSpan.FromMilliseconds(random.Next(LongestPauseMs));
            if (!settled.IsCancellationRequested)
            {
                end.CancelAfter(lifetime);
                await using var stay = settled.Register(() => end.CancelAfter(Timeout.InfiniteTimeSpan));
                await LiveAsync(client, $"member-{number}.{life}", end.Token);
                await Task.Delay(pause, CancellationToken.None);
            }
            else
            {
                await LiveAsync(client, $"member-{number}.{life}", end.Token);
            }
        }
    }

    private async Task LiveAsync(OrleansStreamClient client, string name, CancellationToken end)
    {
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, byte[]>
        {
            GroupId = WorkloadContext.Group,
            Topics = [context.Topic],
            ClientId = name,
            EnableAutoCommit = false,
            SessionTimeout = s_sessionTimeout,
            OnPartitionsAssigned = (partitions, _) => RecordChange(name, OperationKind.Assign, partitions),
            OnPartitionsRevoked = (partitions, _) => RecordChange(name, OperationKind.Revoke, partitions),
            OnPartitionsLost = (partitions, _) => RecordChange(name, OperationKind.Revoke, partitions),
        });
        while (!end.IsCancellationRequested)
        {
            try
            {
                await foreach (var batch in consumer.ConsumeBatchesAsync(cancellationToken: end))
                {
                    context.Recorder.Record(Polls.Of(name, OperationKind.Poll, batch, WorkloadContext.Group));
                    await CommitAsync(consumer, name, batch);
                }
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                return;
            }
            catch (OrleansStreamException exception)
            {
                context.Recorder.Record(new Operation
                {
                    Process = name,
                    Kind = OperationKind.Poll,
                    Outcome = Outcome.Info,
                    Group = WorkloadContext.Group,
                    Note = exception.Message,
                });
                await Task.Delay(s_retryPause, CancellationToken.None);
            }
        }
    }

    private async Task CommitAsync(IConsumer<Null, byte[]> consumer, string name, ConsumedBatch<Null, byte[]> batch)
    {
        var last = batch[^1];
        var operation = new Operation
        {
            Process = name,
            Kind = OperationKind.Commit,
            Outcome = Outcome.Invoke,
            Call = context.Recorder.NextCall(),
            Group = WorkloadContext.Group,
            Partition = last.Partition,
            Offset = last.Offset.Value + 1,
        };
        context.Recorder.Record(operation);
        try
        {
            await consumer.CommitAsync([new CommittedOffset(last.TopicPartition, last.Offset + 1, "", last.LeaderEpoch)], CancellationToken.None);
            context.Recorder.Record(operation with { Outcome = Outcome.Ok });
        }
        catch (OrleansStreamException exception)
        {
            // Refusals of the group are definite, but an attempt before the refused one may have got through.
            context.Recorder.Record(operation with { Outcome = Outcome.Info, Note = $"{exception.ErrorCode}: {exception.Message}" });
        }
    }

    private ValueTask RecordChange(string name, OperationKind kind, IReadOnlyCollection<TopicPartition> partitions)
    {
        context.Recorder.Record(new Operation
        {
            Process = name,
            Kind = kind,
            Outcome = Outcome.Ok,
            Group = WorkloadContext.Group,
            Partitions = [.. partitions.Select(p => p.Partition).Order()],
        });
        return ValueTask.CompletedTask;
    }
}
