namespace OrleansStream.Storage;

/// <summary>What a placement store refuses, in one wording for all of them.</summary>
internal static class PlacementErrors
{
    public static OrleansStreamException UnknownTopic(PartitionId partition) => new(
        ErrorCode.UnknownTopicOrPartition, $"Partition {partition.Partition} cannot be pinned: there is no topic with the id {partition.TopicId}.");

    public static OrleansStreamException TooManyPins() => new(
        ErrorCode.InvalidRequest, $"There are {IPlacementStore.MaxPins} pins already, which is all there may be; unpin a partition first.");

    public static OrleansStreamException TooManyDrainedSilos() => new(
        ErrorCode.InvalidRequest, $"{IPlacementStore.MaxDrainedSilos} silos are drained already, which is all there may be; undrain those that are gone.");
}
