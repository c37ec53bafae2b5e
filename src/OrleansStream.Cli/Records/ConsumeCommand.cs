using System.CommandLine;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Records;

/// <summary><c>ostream consume</c>: every record a line, or whatever <c>--format</c> makes of it.</summary>
internal static class ConsumeCommand
{
    public static Command Build()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic" };
        var group = new Option<string?>("--group", "-g")
        {
            Description = "Share the topic's partitions with the other members of this group, and remember how far it came",
            HelpName = "GROUP",
        };
        var from = StartPosition.Option(
            "--from", "Where to begin; with --group, where nothing was committed. The default is the beginning, and a time without a zone is UTC");
        var partitions = CommonOptions.Partitions("Only this partition");
        var maxCount = CommonOptions.Count("--max-count", "Stop after this many records", long.MaxValue, 1, long.MaxValue);
        maxCount.Aliases.Add("-n");
        maxCount.DefaultValueFactory = null;
        var untilEnd = new Option<bool>("--until-end", "-e")
        {
            Description = "Stop at what is the end of the topic when the command starts; with --group, once the group has come that far",
        };
        var format = FormatOption();
        var command = new Command("consume", "Consume records and write them to standard output")
        {
            topic, group, from, partitions, maxCount, untilEnd, format,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(group) is not null && result.GetValue(partitions) is { Length: > 0 })
            {
                result.AddError("--partition and --group exclude each other: a group assigns its partitions itself.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            using var output = new StandardOutput();
            var request = new ConsumeRequest(
                parsed.GetRequiredValue(topic),
                parsed.GetValue(group),
                parsed.GetValue(from),
                parsed.GetRequiredValue(partitions),
                parsed.GetResult(maxCount) is null ? long.MaxValue : parsed.GetValue(maxCount),
                parsed.GetValue(untilEnd));
            await new RecordConsumer(client, request, parsed.GetRequiredValue(format), output).RunAsync(cancellationToken);
        });
        return command.WithExamples(
            """
            ostream consume orders --until-end
            ostream consume orders --group billing --format '%p %o %k %v\n'
            ostream consume orders --from 2026-01-31T18:00:00Z --max-count 10
            ostream consume orders --partition 3 --from 1200 --until-end | sort | uniq -c
            """);
    }

    private static Option<RecordFormat> FormatOption() => new("--format")
    {
        Description = $"How a record is written. {RecordFormat.Placeholders}",
        HelpName = "TEXT",
        DefaultValueFactory = _ => RecordFormat.Parse(RecordFormat.Default),
        CustomParser = result =>
        {
            if (!RecordFormat.TryParse(result.Tokens[0].Value, out var compiled, out var problem))
            {
                result.AddError(problem);
            }

            return compiled;
        },
    };
}
