using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Commits offsets, durable before the answer.</summary>
internal sealed class OffsetCommitApi(GroupCaller groups) : KafkaApi<OffsetCommitRequest, OffsetCommitResponse>
{
    private const short FirstWithGroupIdNotFound = 9;

    protected override async ValueTask<OffsetCommitResponse?> HandleAsync(OffsetCommitRequest request, RequestContext context)
    {
        var member = new ClassicIdentity(request.MemberId, new Generation(request.GenerationIdOrMemberEpoch), request.GroupInstanceId);
        CommittedOffset[] offsets =
        [
            .. request.Topics.SelectMany(topic => topic.Partitions.Select(partition => new CommittedOffset(
                new TopicPartition(topic.Name, partition.PartitionIndex),
                new Offset(partition.CommittedOffset),
                partition.CommittedMetadata ?? "",
                new LeaderEpoch(Math.Max(LeaderEpoch.None.Value, partition.CommittedLeaderEpoch))))),
        ];
        var errors = offsets.Length == 0 ? [] : await groups.CallAsync(
            request.GroupId,
            () => groups.Classic(request.GroupId).CommitAsync(member, offsets),
            answers => answers[0],
            error => Array.ConvertAll(offsets, _ => error),
            context.ConnectionClosed).ConfigureAwait(false);
        var at = 0;
        return new OffsetCommitResponse
        {
            Topics = Array.ConvertAll(request.Topics, topic => new OffsetCommitResponse.TopicAnswer
            {
                Name = topic.Name,
                Partitions = Array.ConvertAll(topic.Partitions, partition => new OffsetCommitResponse.PartitionAnswer
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = KafkaErrors.Of(InVersion(errors[at++], context.Version)),
                }),
            }),
        };
    }

    /// <summary>Older clients hear of a group that does not exist that it has no such generation.</summary>
    private static ErrorCode InVersion(ErrorCode error, short version) =>
        error == ErrorCode.GroupIdNotFound && version < FirstWithGroupIdNotFound ? ErrorCode.IllegalGeneration : error;
}
