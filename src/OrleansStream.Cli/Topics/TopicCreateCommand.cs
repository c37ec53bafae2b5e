using System.CommandLine;
using System.Globalization;
using OrleansStream.Topics;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic create</c>.</summary>
internal static class TopicCreateCommand
{
    public static Command Build()
    {
        var name = TopicCommand.Name();
        var partitions = CommonOptions.Count("--partitions", "How many partitions; more can be added later, none taken away", 1, 1, ProtocolLimits.MaxPartitionsPerTopic);
        partitions.Aliases.Add("-p");
        var settings = new Option<string[]>("--config")
        {
            Description = "A setting that differs from its default; may be repeated. " + SettingNames,
            HelpName = "NAME=VALUE",
            DefaultValueFactory = _ => [],
        };
        var command = new Command("create", "Create a topic") { name, partitions, settings };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configuration = TopicCommand.ParseSettings(parsed.GetRequiredValue(settings));
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var topic = await client.Admin.CreateTopicAsync(
                parsed.GetRequiredValue(name), (int)parsed.GetRequiredValue(partitions), configuration, cancellationToken);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Created {topic.Name} with {topic.PartitionCount} partition{(topic.PartitionCount == 1 ? "" : "s")}."));
        });
        return command.WithExamples(
            """
            ostream topic create orders --partitions 6
            ostream topic create clicks --partitions 24 --config retention.ms=3600000 --config flush.mode=os
            """);
    }

    /// <summary>A sentence that names every setting.</summary>
    public static string SettingNames => $"Settings: {string.Join(", ", TopicConfiguration.Settings.Select(s => s.Name))}";
}
