using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Segments;

/// <summary>From where a log has to be read, decided by names, sizes, checkpoint and marks alone.</summary>
/// <param name="LogStart">The first offset that the log holds.</param>
/// <param name="Sealed">Segments that need not be read, oldest first.</param>
/// <param name="Resume">The first segment to read; its size is the position to begin at.</param>
/// <param name="ResumeOffset">The offset there.</param>
/// <param name="Leftovers">Segments that a crash kept from being deleted.</param>
internal sealed record RecoveryPlan(
    Offset LogStart, IReadOnlyList<SegmentInfo> Sealed, SegmentInfo Resume, Offset ResumeOffset, IReadOnlyList<Offset> Leftovers)
{
    /// <summary>Makes the plan.</summary>
    /// <returns>Null when there is no log yet.</returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.CorruptLog"/> when files are missing or too short.</exception>
    public static RecoveryPlan? Make(LogFolder folder, LogListing listing, Checkpoint? checkpoint, LogMarks marks, bool hasMarks)
    {
        if (listing.Count == 0)
        {
            return checkpoint is null && marks.Flushed is null && marks.LogStart == Offset.Zero
                ? null
                : throw Corrupt($"The log files in {folder.Path} are gone, although records were stored there.");
        }

        if (checkpoint is null)
        {
            return ReadEverything(folder, listing, marks, hasMarks);
        }

        // Segments that retention deleted since the checkpoint are no loss. The one that was active then is always there: what
        // its records tell of producers is known from nowhere else, so it is not deleted before there is a later checkpoint.
        var logStart = marks.LogStart > checkpoint.LogStart ? marks.LogStart : checkpoint.LogStart;
        var needed = checkpoint.Segments.Skip(FindFirst(checkpoint.Segments, logStart)).ToArray();
        foreach (var segment in needed)
        {
            var isActive = segment.BaseOffset == needed[^1].BaseOffset;
            var size = listing.SizeOf(segment.BaseOffset) ?? throw Corrupt(
                $"The log file {folder.LogFile(segment.BaseOffset)} is missing, with the offsets from {segment.BaseOffset} on.");
            if (isActive ? size < segment.SizeInBytes : size != segment.SizeInBytes)
            {
                throw Corrupt($"The log file {folder.LogFile(segment.BaseOffset)} has {size} bytes, and had {segment.SizeInBytes} when it was flushed.");
            }
        }

        return new RecoveryPlan(logStart, needed[..^1], needed[^1], checkpoint.RecoveryPoint, LeftoversBefore(listing, needed[0].BaseOffset));
    }

    private static RecoveryPlan ReadEverything(LogFolder folder, LogListing listing, LogMarks marks, bool hasMarks)
    {
        var first = listing.FindSegment(marks.LogStart);
        if (first is null && hasMarks)
        {
            throw Corrupt(
                $"The first log file in {folder.Path} is missing: the log starts at offset {marks.LogStart}, its first file at {listing.BaseOffsets[0]}.");
        }

        // Without marks nobody knows where retention had moved the start; what is there is what there is.
        var start = first ?? listing.BaseOffsets[0];
        return new RecoveryPlan(marks.LogStart > start ? marks.LogStart : start, [], Unread(start), start, LeftoversBefore(listing, start));
    }

    private static int FindFirst(IReadOnlyList<SegmentInfo> segments, Offset logStart)
    {
        var first = 0;
        while (first + 1 < segments.Count && segments[first + 1].BaseOffset <= logStart)
        {
            first++;
        }

        return first;
    }

    private static SegmentInfo Unread(Offset baseOffset) => new(baseOffset, SizeInBytes: 0, MaxTimestampMs: -1, FirstAppendMs: -1);

    private static Offset[] LeftoversBefore(LogListing listing, Offset first) => [.. listing.BaseOffsets.Where(offset => offset < first)];

    private static OrleansStreamException Corrupt(string what) =>
        new(ErrorCode.CorruptLog, $"{what} Restore the folder from a backup, or delete the partition's records.");
}
