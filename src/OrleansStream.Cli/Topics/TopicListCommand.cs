using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic list</c>.</summary>
internal static class TopicListCommand
{
    public static Command Build()
    {
        var prefix = new Argument<string>("PREFIX") { Description = "Only topics whose names begin with it", DefaultValueFactory = _ => "" };
        var command = new Command("list", "List topics by name") { prefix, CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var topics = client.Admin.ListTopicsAsync(parsed.GetRequiredValue(prefix), cancellationToken).Select(TopicRow.From);
            await Listing.WriteAsync(parsed.GetValue(CommonOptions.Output), topics, Json.Readable.TopicRow, s_columns, cancellationToken);
        });
        return command.WithExamples(
            """
            ostream topic list
            ostream topic list orders --output json
            """);
    }

    private static readonly Column<TopicRow>[] s_columns =
    [
        new("Topic", t => t.Name),
        new("Partitions", t => t.PartitionCount.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("Created", t => t.CreatedAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        new("Settings", t => t.Settings),
    ];
}
