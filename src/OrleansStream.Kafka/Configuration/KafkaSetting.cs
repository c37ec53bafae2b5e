namespace OrleansStream.Kafka.Configuration;

/// <summary>A setting as Kafka's tools show it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value; null where there is none.</param>
/// <param name="Source">Where the value comes from.</param>
/// <param name="Type">What kind of value it is.</param>
/// <param name="IsReadOnly">Whether it cannot be changed.</param>
/// <param name="Meaning">What it does, in a sentence.</param>
/// <param name="Synonyms">Where the value could come from, in order; the first counts.</param>
internal sealed record KafkaSetting(
    string Name, string? Value, SettingSource Source, SettingType Type, bool IsReadOnly, string Meaning, IReadOnlyList<SettingSynonym> Synonyms);

/// <summary>A name under which a setting may be given.</summary>
internal sealed record SettingSynonym(string Name, string? Value, SettingSource Source);

/// <summary>Where a value comes from, in the protocol's numbers.</summary>
internal enum SettingSource : sbyte
{
    Topic = 1,
    Broker = 4,
    Default = 5,
}

/// <summary>What kind of value a setting has, in the protocol's numbers.</summary>
internal enum SettingType : sbyte
{
    Boolean = 1,
    Text = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// <summary>What settings belong to, in the protocol's numbers.</summary>
internal enum ResourceType : sbyte
{
    Topic = 2,
    Broker = 4,
}
