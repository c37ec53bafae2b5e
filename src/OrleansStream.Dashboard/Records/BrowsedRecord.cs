using OrleansStream.Records;

namespace OrleansStream.Dashboard.Records;

/// <summary>A record that somebody looks at. It owns its data.</summary>
public sealed record BrowsedRecord(int Partition, long Offset, DateTimeOffset Timestamp, byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers)
{
    /// <summary>How key and value are shown.</summary>
    public Payload KeyView { get; } = Payload.Of(Key);

    public Payload ValueView { get; } = Payload.Of(Value);

    public string Id => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Partition}-{Offset}");
}
