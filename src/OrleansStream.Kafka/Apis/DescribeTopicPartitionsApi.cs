using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Apis;

/// <summary>Describes topics and their partitions in pages, by name; each page says where the next one begins.</summary>
internal sealed class DescribeTopicPartitionsApi(LeaderBoard board, ICatalog catalog)
    : KafkaApi<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>
{
    private const int MaxPartitions = 2000;

    protected override async ValueTask<DescribeTopicPartitionsResponse?> HandleAsync(DescribeTopicPartitionsRequest request, RequestContext context)
    {
        var leaders = board.Look();
        var room = Math.Clamp(request.ResponsePartitionLimit, 1, MaxPartitions);
        var described = new List<DescribeTopicPartitionsResponse.DescribedTopic>();
        await foreach (var (name, topic) in FindAsync(request, context).ConfigureAwait(false))
        {
            var first = request.Cursor is { } cursor && cursor.TopicName == name ? Math.Max(0, cursor.PartitionIndex) : 0;
            if (room == 0)
            {
                return new() { Topics = [.. described], NextCursor = new() { TopicName = name, PartitionIndex = first } };
            }

            if (topic is null)
            {
                described.Add(new()
                {
                    Name = name,
                    ErrorCode = KafkaErrors.Of(TopicName.IsValid(name, out _) ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopic),
                });
                continue;
            }

            var count = Math.Min(room, Math.Max(0, topic.PartitionCount - first));
            room -= count;
            described.Add(new()
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
                Partitions = [.. Enumerable.Range(first, count).Select(number => Describe(number, leaders.LeadOf(new PartitionId(topic.TopicId, number), topic.PartitionCount)))],
                TopicAuthorizedOperations = AuthorizedOperations.OnTopic,
            });
            if (first + count < topic.PartitionCount)
            {
                return new() { Topics = [.. described], NextCursor = new() { TopicName = name, PartitionIndex = first + count } };
            }
        }

        return new() { Topics = [.. described] };
    }

    /// <summary>The topics asked for, or all there are, by name from the page's begin on; null for one that is not there.</summary>
    private async IAsyncEnumerable<(string Name, TopicDescription? Topic)> FindAsync(DescribeTopicPartitionsRequest request, RequestContext context)
    {
        var from = request.Cursor?.TopicName ?? "";
        if (request.Topics.Length > 0)
        {
            foreach (var name in request.Topics.Select(topic => topic.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Where(name => string.CompareOrdinal(name, from) >= 0))
            {
                yield return (name, await catalog.FindTopicAsync(name, context.ConnectionClosed).ConfigureAwait(false));
            }

            yield break;
        }

        if (from.Length > 0 && await catalog.FindTopicAsync(from, context.ConnectionClosed).ConfigureAwait(false) is { } resumed)
        {
            yield return (from, resumed);
        }

        while (true)
        {
            var page = await catalog.ListTopicsAsync("", from.Length == 0 ? null : from, MaxPartitions, context.ConnectionClosed).ConfigureAwait(false);
            foreach (var topic in page)
            {
                yield return (topic.Name, topic);
            }

            if (page.Count < MaxPartitions)
            {
                yield break;
            }

            from = page[^1].Name;
        }
    }

    private static DescribeTopicPartitionsResponse.DescribedPartition Describe(int number, PartitionLead lead) => new()
    {
        ErrorCode = lead.Error,
        PartitionIndex = number,
        LeaderId = lead.LeaderId,
        LeaderEpoch = lead.LeaderEpoch,
        ReplicaNodes = lead.Replicas,
        IsrNodes = lead.Replicas,
    };
}
