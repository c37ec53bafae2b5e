using System.CommandLine;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic</c> and what the commands below it share.</summary>
internal static class TopicCommand
{
    public static Command Build() => new("topic", "Create, list, describe, change and delete topics")
    {
        TopicCreateCommand.Build(),
        TopicListCommand.Build(),
        TopicDescribeCommand.Build(),
        TopicSegmentsCommand.Build(),
        TopicAlterCommand.Build(),
        TopicAddPartitionsCommand.Build(),
        TopicDeleteCommand.Build(),
    };

    /// <summary>The argument that names a topic.</summary>
    public static Argument<string> Name() => new("TOPIC") { Description = "The topic's name" };

    /// <summary>Reads <c>name=value</c> pairs; a value may be empty, a name not.</summary>
    public static Dictionary<string, string> ParseSettings(IEnumerable<string> pairs)
    {
        var settings = new Dictionary<string, string>();
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
            {
                throw new CommandException($"A setting is written NAME=VALUE, as in retention.ms=3600000, not '{pair}'.", ExitCode.Usage);
            }

            if (!settings.TryAdd(pair[..at], pair[(at + 1)..]))
            {
                throw new CommandException($"The setting {pair[..at]} is given twice.", ExitCode.Usage);
            }
        }

        return settings;
    }
}
