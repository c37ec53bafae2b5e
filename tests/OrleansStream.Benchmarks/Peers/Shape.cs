using System.Globalization;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>What a run carries, the same for every peer. Records have a value and no key, and go round robin over the partitions.</summary>
/// <param name="RecordBytes">The size of a value.</param>
/// <param name="Partitions">How many partitions the topic has.</param>
/// <param name="Producers">How many producers write side by side, each with connections of its own.</param>
internal sealed record Shape(int RecordBytes, int Partitions = 6, int Producers = 1)
{
    /// <summary>The standard shapes.</summary>
    public static IEnumerable<Shape> All { get; } =
    [
        .. from bytes in (int[])[100, 1024]
            from partitions in (int[])[1, 6, 64]
            from producers in (int[])[1, 4]
            select new Shape(bytes, partitions, producers),
    ];

    /// <summary>As it stands in the name of a measure.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(RecordBytes % 1024 == 0 ? $"{RecordBytes / 1024} KiB" : $"{RecordBytes} B")}, {Partitions} partition{(Partitions == 1 ? "" : "s")}, {Producers} producer{(Producers == 1 ? "" : "s")}");
}
