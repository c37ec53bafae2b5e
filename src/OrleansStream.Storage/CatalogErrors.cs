namespace OrleansStream.Storage;

/// <summary>What every catalog refuses in the same words.</summary>
internal static class CatalogErrors
{
    /// <summary>Somebody raised the number of partitions after the caller had read it.</summary>
    public static OrleansStreamException FewerPartitions(string topic, int partitionCount) => new(
        ErrorCode.InvalidPartitions, $"Topic '{topic}' has {partitionCount} partitions by now, and their number never shrinks; read it again.");
}
