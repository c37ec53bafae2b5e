using System.CommandLine;

namespace OrleansStream.Cli.Load;

/// <summary><c>ostream load latency</c>: at a fixed rate, whatever the cluster does meanwhile.</summary>
internal static class LoadLatencyCommand
{
    public static Command Build()
    {
        var rate = CommonOptions.Count("--rate", "Records per second", 1000, 1, 10_000_000);
        var duration = CommonOptions.Duration("--duration", "How long to measure", TimeSpan.FromSeconds(10));
        var warmup = CommonOptions.Duration("--warmup", "How long to run before measuring", TimeSpan.FromSeconds(2));
        var size = LoadCommand.Size();
        var partitions = LoadCommand.Partitions();
        var topic = LoadCommand.Topic();
        var command = new Command(
            "latency",
            "Produce at a fixed rate, consume at the same time, and report latencies. Every record is timed from the moment it was due, "
            + "so a stall counts for all the records that it delayed (no coordinated omission)")
        {
            rate, duration, warmup, size, topic, partitions, CommonOptions.Output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(duration) < TimeSpan.FromMilliseconds(100))
            {
                result.AddError("--duration is at least 100ms.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            await using var target = await LoadTopic.OpenAsync(
                client.Admin, parsed.GetValue(topic), (int)parsed.GetRequiredValue(partitions), cancellationToken);
            var load = new LatencyLoad(client, target, (int)parsed.GetRequiredValue(size), parsed.GetRequiredValue(rate));
            var run = load.RunAsync(parsed.GetRequiredValue(warmup), parsed.GetRequiredValue(duration), cancellationToken);
            await LoadProgress.ShowAsync("latency", load.Scheduled, () => load.Sent, run);
            load.Report(parsed.GetRequiredValue(duration)).Write(parsed.GetValue(CommonOptions.Output));
        });
        return command.WithExamples(
            """
            ostream load latency
            ostream load latency --rate 20k --duration 60s --size 1000
            ostream load latency --topic orders -o json
            """);
    }
}
