using OrleansStream.Groups;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells what groups committed: of one group, or from version 8 on of several. An offset of -1 says that nothing was.</summary>
internal sealed class OffsetFetchApi(GroupCaller groups) : KafkaApi<OffsetFetchRequest, OffsetFetchResponse>
{
    private const short FirstWithGroups = 8;

    /// <summary>What an offset takes in an answer, beside its metadata.</summary>
    private const int OffsetBytes = 256;

    protected override async ValueTask<OffsetFetchResponse?> HandleAsync(OffsetFetchRequest request, RequestContext context)
    {
        if (context.Version >= FirstWithGroups)
        {
            return new OffsetFetchResponse
            {
                Groups = await FewAtOnce.AnswerAsync(
                    request.Groups,
                    group => FetchAsync(group.GroupId, group.Topics?.Select(topic => new Wanted(topic.Name, topic.PartitionIndexes)).ToList(), context),
                    context.ConnectionClosed).ConfigureAwait(false),
            };
        }

        var answer = await FetchAsync(
            request.GroupId, request.Topics?.Select(topic => new Wanted(topic.Name, topic.PartitionIndexes)).ToList(), context).ConfigureAwait(false);
        return new OffsetFetchResponse
        {
            ErrorCode = answer.ErrorCode,
            Topics = Array.ConvertAll(answer.Topics, topic => new OffsetFetchResponse.TopicAnswer { Name = topic.Name, Partitions = topic.Partitions }),
        };
    }

    private async Task<OffsetFetchResponse.GroupAnswer> FetchAsync(string groupId, List<Wanted>? wanted, RequestContext context)
    {
        TopicPartition[]? partitions = wanted is null ? null : [.. wanted.SelectMany(topic => topic.Partitions.Select(number => new TopicPartition(topic.Topic, number)))];
        var (error, committed) = await groups.CallAsync(
            groupId,
            async () => (Error: ErrorCode.None, Offsets: await groups.Group(groupId).FetchOffsetsAsync(partitions).ConfigureAwait(false)),
            answer => answer.Error,
            error => (error, []),
            context.ConnectionClosed).ConfigureAwait(false);
        if (error != ErrorCode.None && context.Version >= 2)
        {
            return new() { GroupId = groupId, ErrorCode = KafkaErrors.Of(error) };
        }

        context.Charge(committed.Sum(offset => OffsetBytes + (4L * offset.Metadata.Length)));
        var known = committed.ToDictionary(offset => offset.TopicPartition);
        var topics = wanted ?? [.. committed.GroupBy(offset => offset.TopicPartition.Topic, StringComparer.Ordinal)
            .Select(topic => new Wanted(topic.Key, [.. topic.Select(offset => offset.TopicPartition.Partition)]))];
        return new()
        {
            GroupId = groupId,
            Topics = [.. topics.Select(topic => new OffsetFetchResponse.TopicAnswerOfGroup
            {
                Name = topic.Topic,
                Partitions = Array.ConvertAll(topic.Partitions, number => Answer(number, known.GetValueOrDefault(new TopicPartition(topic.Topic, number), s_none), error)),
            })],
        };
    }

    private static OffsetFetchResponse.PartitionAnswer Answer(int partition, CommittedOffset offset, ErrorCode error) => new()
    {
        PartitionIndex = partition,
        CommittedOffset = offset.Offset.Value,
        CommittedLeaderEpoch = offset.LeaderEpoch.Value,
        Metadata = offset.Metadata,
        ErrorCode = KafkaErrors.Of(error),
    };

    private static readonly CommittedOffset s_none = new(default, Offset.None, "", LeaderEpoch.None);

    private readonly record struct Wanted(string Topic, int[] Partitions);
}
