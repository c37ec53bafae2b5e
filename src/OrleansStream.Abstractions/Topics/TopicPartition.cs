using System.Globalization;

namespace OrleansStream;

/// <summary>A partition as users name it: the topic's name and the partition's number.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition's number, from zero.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.topic-partition")]
public readonly record struct TopicPartition([property: Id(0)] string Topic, [property: Id(1)] int Partition)
{
    /// <summary><c>topic-partition</c>, as Kafka's tools print it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}-{Partition}");
}
