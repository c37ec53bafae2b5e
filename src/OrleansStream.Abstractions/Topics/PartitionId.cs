using System.Globalization;

namespace OrleansStream;

/// <summary>
/// A partition as the platform names it. The topic's id is new at every creation, so a topic that was deleted and created
/// again shares neither grains nor logs nor offsets with its predecessor of the same name.
/// </summary>
/// <param name="TopicId">The id that the catalog gave the topic.</param>
/// <param name="Partition">The partition's number, from zero.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.partition-id")]
public readonly record struct PartitionId([property: Id(0)] Guid TopicId, [property: Id(1)] int Partition)
{
    /// <summary>The key of the partition's grain: 32 hexadecimal digits, a dash, and the partition's number.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{TopicId:N}-{Partition}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <returns>False when <paramref name="text"/> has another form.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out PartitionId id)
    {
        id = default;
        if (text.Length < 34 || text[32] != '-' || !Guid.TryParseExact(text[..32], "N", out var topicId)
            || !int.TryParse(text[33..], NumberStyles.None, CultureInfo.InvariantCulture, out var partition))
        {
            return false;
        }

        id = new PartitionId(topicId, partition);
        return true;
    }
}
