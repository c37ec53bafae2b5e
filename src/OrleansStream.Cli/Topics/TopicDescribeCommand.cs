using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Topics;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic describe</c>.</summary>
internal static class TopicDescribeCommand
{
    public static Command Build()
    {
        var name = TopicCommand.Name();
        var command = new Command("describe", "Show a topic's settings and where its partitions are") { name, CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var topic = TopicRow.From(await client.Admin.DescribeTopicAsync(parsed.GetRequiredValue(name), cancellationToken));
            var partitions = client.Admin.DescribePartitionsAsync(topic.Name, cancellationToken).Select(PartitionRow.From);
            var details = new TopicDetails(topic, WithDefaults(topic.Configuration), await partitions.ToArrayAsync(cancellationToken));
            if (parsed.GetValue(CommonOptions.Output) == OutputFormat.Json)
            {
                Json.Write(details, Json.Readable.TopicDetails);
            }
            else
            {
                Write(details);
            }
        });
        return command.WithExamples("ostream topic describe orders\nostream topic describe orders -o json | jq '.partitions[].highWatermark'");
    }

    private static SortedDictionary<string, string> WithDefaults(IReadOnlyDictionary<string, string> configuration) => new(
        TopicConfiguration.Settings.ToDictionary(s => s.Name, s => configuration.GetValueOrDefault(s.Name, s.DefaultValue)),
        StringComparer.Ordinal);

    private static void Write(TopicDetails details)
    {
        using var output = new StandardOutput();
        var table = new TableWriter(output);
        var topic = details.Topic;
        table.WriteLine($"{topic.Name}: {topic.PartitionCount.ToString(CultureInfo.InvariantCulture)} partitions, created {topic.CreatedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}, id {topic.TopicId:N}");
        table.WriteLine($"settings: {(topic.Configuration.Count == 0 ? "all at their defaults" : topic.Settings)}");
        table.Write(details.Partitions, s_columns);
    }

    private static readonly Column<PartitionRow>[] s_columns =
    [
        new("Partition", p => Text(p.Partition), IsNumber: true),
        new("Leader", p => p.Leader ?? "idle"),
        new("Epoch", p => Text(p.LeaderEpoch), IsNumber: true),
        new("Start", p => Text(p.LogStartOffset), IsNumber: true),
        new("End", p => Text(p.HighWatermark), IsNumber: true),
        new("Bytes", p => Text(p.SizeInBytes), IsNumber: true),
        new("Segments", p => Text(p.SegmentCount), IsNumber: true),
        new("Status", p => p.Error ?? "ok"),
    ];

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
