namespace OrleansStream.Server.Topics;

/// <summary>The errors about topics that several places report, in one wording.</summary>
internal static class TopicErrors
{
    public static OrleansStreamException UnknownTopic(string name) =>
        new(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'; create it first, or check the spelling.");

    public static OrleansStreamException UnknownPartition(PartitionId id) =>
        new(ErrorCode.UnknownTopicOrPartition, $"There is no partition {id.Partition} of a topic with the id {id.TopicId}; read the topic's description again.");
}
