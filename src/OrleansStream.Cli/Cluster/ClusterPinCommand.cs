using System.CommandLine;
using OrleansStream.Cli.Topics;

namespace OrleansStream.Cli.Cluster;

/// <summary><c>ostream cluster pin</c> and <c>ostream cluster unpin</c>.</summary>
internal static class ClusterPinCommand
{
    public static Command BuildPin()
    {
        var (topic, partition, silo) = (TopicCommand.Name(), Partition(), ClusterCommand.Silo());
        var command = new Command("pin", "Keep a partition on a silo, whenever that silo is there") { topic, partition, silo };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var pinned = new TopicPartition(parsed.GetRequiredValue(topic), parsed.GetRequiredValue(partition));
            await client.Admin.PinPartitionAsync(pinned, parsed.GetRequiredValue(silo), cancellationToken);
            Console.Out.WriteLine($"{pinned} is pinned to {parsed.GetRequiredValue(silo)}.");
        });
        return command.WithExamples("ostream cluster pin orders 3 10.0.0.5:11111");
    }

    public static Command BuildUnpin()
    {
        var (topic, partition) = (TopicCommand.Name(), Partition());
        var command = new Command("unpin", "Let a pinned partition live where all others would") { topic, partition };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var pinned = new TopicPartition(parsed.GetRequiredValue(topic), parsed.GetRequiredValue(partition));
            await client.Admin.UnpinPartitionAsync(pinned, cancellationToken);
            Console.Out.WriteLine($"{pinned} is not pinned any more.");
        });
        return command.WithExamples("ostream cluster unpin orders 3");
    }

    private static Argument<int> Partition() => new("PARTITION") { Description = "The partition's number" };
}
