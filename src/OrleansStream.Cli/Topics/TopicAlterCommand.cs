using System.CommandLine;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic alter</c>.</summary>
internal static class TopicAlterCommand
{
    public static Command Build()
    {
        var name = TopicCommand.Name();
        var set = new Option<string[]>("--config")
        {
            Description = "A setting and its new value; may be repeated. " + TopicCreateCommand.SettingNames,
            HelpName = "NAME=VALUE",
            DefaultValueFactory = _ => [],
        };
        var unset = new Option<string[]>("--reset")
        {
            Description = "A setting that goes back to its default; may be repeated",
            HelpName = "NAME",
            DefaultValueFactory = _ => [],
        };
        var command = new Command("alter", "Change a topic's settings; open partitions follow at once") { name, set, unset };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var changes = TopicCommand.ParseSettings(parsed.GetRequiredValue(set)).ToDictionary(s => s.Key, s => (string?)s.Value);
            foreach (var setting in parsed.GetRequiredValue(unset))
            {
                changes[setting] = null;
            }

            if (changes.Count == 0)
            {
                throw new CommandException("Say what to change, with --config NAME=VALUE or --reset NAME.", ExitCode.Usage);
            }

            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var topic = TopicRow.From(await client.Admin.AlterTopicAsync(parsed.GetRequiredValue(name), changes, cancellationToken));
            Console.Out.WriteLine($"Changed {topic.Name}: {(topic.Configuration.Count == 0 ? "all settings at their defaults" : topic.Settings)}.");
        });
        return command.WithExamples(
            """
            ostream topic alter orders --config retention.ms=86400000
            ostream topic alter orders --reset retention.ms
            """);
    }
}
