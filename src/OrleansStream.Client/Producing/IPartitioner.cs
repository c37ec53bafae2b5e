namespace OrleansStream.Client.Producing;

/// <summary>Chooses partitions. One instance serves all threads of a producer.</summary>
public interface IPartitioner
{
    /// <summary>Chooses the partition of a record.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The key's bytes; meaningless when <paramref name="isKeyNull"/>.</param>
    /// <param name="isKeyNull">True for a record without a key.</param>
    /// <param name="partitionCount">The number of the topic's partitions, at least 1.</param>
    /// <returns>0 up to <paramref name="partitionCount"/> - 1.</returns>
    int ChoosePartition(string topic, ReadOnlySpan<byte> key, bool isKeyNull, int partitionCount);

    /// <summary>Told when a batch was sent, so that records without keys may move on to another partition.</summary>
    void BatchSent(string topic, int partition, int partitionCount)
    {
    }
}
