using System.CommandLine;
using System.Globalization;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic add-partitions</c>.</summary>
internal static class TopicAddPartitionsCommand
{
    public static Command Build()
    {
        var name = TopicCommand.Name();
        var total = CommonOptions.Count("--total", "How many partitions there shall be; more than now", 0, 1, ProtocolLimits.MaxPartitionsPerTopic);
        total.DefaultValueFactory = null;
        total.Required = true;
        var command = new Command("add-partitions", "Raise a topic's number of partitions; keys map to other partitions afterwards") { name, total };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var topic = await client.Admin.AddPartitionsAsync(parsed.GetRequiredValue(name), (int)parsed.GetRequiredValue(total), cancellationToken);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{topic.Name} has {topic.PartitionCount} partitions now."));
        });
        return command.WithExamples("ostream topic add-partitions orders --total 12");
    }
}
