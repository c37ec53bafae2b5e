using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Topics;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic segments</c>.</summary>
internal static class TopicSegmentsCommand
{
    public static Command Build()
    {
        var name = TopicCommand.Name();
        var partition = new Argument<int>("PARTITION") { Description = "The partition's number" };
        var limit = CommonOptions.Count("--limit", "How many of the newest segments are shown at most", 1000, 1, 100_000);
        var command = new Command("segments", "List the segments of a partition's log, oldest first; opens the partition if it is idle")
        {
            name, partition, limit, CommonOptions.Output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var segments = await client.Admin.DescribeSegmentsAsync(
                new TopicPartition(parsed.GetRequiredValue(name), parsed.GetRequiredValue(partition)), (int)parsed.GetValue(limit), cancellationToken);
            await Listing.WriteAsync(
                parsed.GetValue(CommonOptions.Output), segments.Select(SegmentRow.From).ToAsyncEnumerable(), Json.Readable.SegmentRow, s_columns, cancellationToken);
        });
        return command.WithExamples("ostream topic segments orders 3");
    }

    private static readonly Column<SegmentRow>[] s_columns =
    [
        new("Base offset", segment => segment.BaseOffset.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("Bytes", segment => segment.SizeInBytes.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("First append", segment => Text(segment.FirstAppendAt)),
        new("Youngest record", segment => Text(segment.YoungestRecordAt)),
        new("Active", segment => segment.IsActive ? "yes" : "no"),
    ];

    private static string Text(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>A segment in the output.</summary>
internal sealed record SegmentRow(long BaseOffset, long SizeInBytes, DateTimeOffset? FirstAppendAt, DateTimeOffset? YoungestRecordAt, bool IsActive)
{
    public static SegmentRow From(SegmentDescription segment) =>
        new(segment.BaseOffset.Value, segment.SizeInBytes, segment.FirstAppendAt, segment.YoungestRecordAt, segment.IsActive);
}
