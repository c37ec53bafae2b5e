using OrleansStream.Topics;

namespace OrleansStream.Grains;

/// <summary>Serializes what happens to one topic's catalog entry; its key is the topic's name.</summary>
[Alias("orleansstream.topic")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>Creates the topic.</summary>
    /// <param name="partitionCount">1 to <see cref="ProtocolLimits.MaxPartitionsPerTopic"/>.</param>
    /// <param name="configuration">Settings that differ from the defaults.</param>
    /// <exception cref="OrleansStreamException">The name or a setting is not acceptable, or the topic exists.</exception>
    [Alias("Create")]
    Task<TopicDescription> CreateAsync(int partitionCount, IReadOnlyDictionary<string, string> configuration);

    /// <summary>Reads the topic's catalog entry.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.UnknownTopicOrPartition"/>.</exception>
    [Alias("Describe"), Orleans.Concurrency.AlwaysInterleave]
    Task<TopicDescription> DescribeAsync();

    /// <summary>Reads where partitions live and how far they reach, without waking idle ones.</summary>
    /// <param name="first">The first partition wanted.</param>
    /// <param name="count">How many, at most 1,000.</param>
    [Alias("DescribePartitions"), Orleans.Concurrency.AlwaysInterleave]
    Task<PartitionDescription[]> DescribePartitionsAsync(int first, int count);

    /// <summary>Changes settings; a null value returns one to its default. Open partitions follow at once.</summary>
    [Alias("AlterConfiguration")]
    Task<TopicDescription> AlterConfigurationAsync(IReadOnlyDictionary<string, string?> changes);

    /// <summary>Raises the number of partitions. Keys map to other partitions afterwards.</summary>
    /// <param name="totalCount">The number there shall be; more than now.</param>
    [Alias("AddPartitions")]
    Task<TopicDescription> AddPartitionsAsync(int totalCount);

    /// <summary>Deletes the topic, its records and the offsets committed for it.</summary>
    [Alias("Delete")]
    Task DeleteAsync();
}
