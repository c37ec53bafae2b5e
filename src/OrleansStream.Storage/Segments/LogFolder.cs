using System.Globalization;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// Names on disk: <c>root/topic id/partition/</c> holds <c>base offset.log</c> and <c>base offset.index</c> per segment,
/// <c>checkpoint</c> and <c>marks</c>. A log that is being deleted is renamed first, so that a crash leaves no half of it to open.
/// </summary>
internal readonly record struct LogFolder(string Path)
{
    public const string LogSuffix = ".log";
    public const string IndexSuffix = ".index";
    public const string TemporarySuffix = ".tmp";
    public const string DeletedSuffix = ".deleted";

    public string Checkpoint => System.IO.Path.Combine(Path, "checkpoint");

    public string Marks => System.IO.Path.Combine(Path, "marks");

    public string Deleted => Path + DeletedSuffix;

    public string Parent => System.IO.Path.GetDirectoryName(Path)!;

    public static LogFolder Of(string root, PartitionId partition) => new(System.IO.Path.Combine(
        root, partition.TopicId.ToString("N"), partition.Partition.ToString(CultureInfo.InvariantCulture)));

    public string LogFile(Offset baseOffset) => System.IO.Path.Combine(Path, Digits(baseOffset) + LogSuffix);

    public string IndexFile(Offset baseOffset) => System.IO.Path.Combine(Path, Digits(baseOffset) + IndexSuffix);

    /// <summary>Reads the base offset from a segment's name.</summary>
    /// <returns>False for every other file.</returns>
    public static bool TryParseLogFile(string name, out Offset baseOffset)
    {
        baseOffset = default;
        if (!name.EndsWith(LogSuffix, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(0, name.Length - LogSuffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        baseOffset = new Offset(value);
        return true;
    }

    // Twenty digits sort by name as by number, and match what Kafka's users know.
    private static string Digits(Offset offset) => offset.Value.ToString("D20", CultureInfo.InvariantCulture);
}
