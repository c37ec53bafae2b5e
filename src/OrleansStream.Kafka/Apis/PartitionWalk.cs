using OrleansStream.Kafka.Cluster;
using OrleansStream.Server.Partitions;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Goes through the partitions of a topic that a request names, a few at a time, and gets an answer for each: what cannot be found or
/// fails is refused alone, and the others do not suffer by it. Safe for concurrent use.
/// </summary>
internal sealed class PartitionWalk(TopicFinder topics, PartitionFinder partitions)
{
    /// <summary>Answers for partitions wherever they are.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="wanted">What is wanted of each partition.</param>
    /// <param name="numberOf">The partition's number.</param>
    /// <param name="answer">Makes the answer for one that there is.</param>
    /// <param name="refuse">Makes the answer for one that there is not, or that failed.</param>
    /// <param name="cancellationToken">Ends with the client's connection.</param>
    public async Task<TAnswer[]> AnyAsync<TWanted, TAnswer>(
        string topic,
        TWanted[] wanted,
        Func<TWanted, int> numberOf,
        Func<PartitionId, TWanted, Task<TAnswer>> answer,
        Func<TWanted, AdminOutcome, TAnswer> refuse,
        CancellationToken cancellationToken)
    {
        TopicDescription? known = null;
        var found = await AdminOutcome.OfAsync(async () => known = await topics.FindAsync(topic, Guid.Empty, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return await FewAtOnce.AnswerAsync(
            wanted,
            async of =>
            {
                var number = numberOf(of);
                if (found.Error != ErrorCode.None)
                {
                    return refuse(of, found);
                }

                if (known is null || number < 0 || number >= known.PartitionCount)
                {
                    return refuse(of, new AdminOutcome(ErrorCode.UnknownTopicOrPartition, $"There is no partition {topic}-{number}."));
                }

                TAnswer? answered = default;
                var outcome = await AdminOutcome.OfAsync(async () => answered = await answer(new PartitionId(known.TopicId, number), of).ConfigureAwait(false)).ConfigureAwait(false);
                return outcome.Error == ErrorCode.None ? answered! : refuse(of, outcome);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers for partitions that live here; one that belongs here and is idle is opened by that, and the others are refused.</summary>
    /// <inheritdoc cref="AnyAsync"/>
    public Task<TAnswer[]> LocalAsync<TWanted, TAnswer>(
        string topic,
        TWanted[] wanted,
        Func<TWanted, int> numberOf,
        Func<Partition, TWanted, ValueTask<TAnswer>> answer,
        Func<TWanted, AdminOutcome, TAnswer> refuse,
        CancellationToken cancellationToken) => AnyAsync(
            topic,
            wanted,
            numberOf,
            async (id, of) =>
            {
                var place = await partitions.FindAsync(id, cancellationToken).ConfigureAwait(false);
                return place.Partition is { } partition
                    ? await answer(partition, of).ConfigureAwait(false)
                    : refuse(of, new AdminOutcome(place.Error, place.Message));
            },
            refuse,
            cancellationToken);
}
