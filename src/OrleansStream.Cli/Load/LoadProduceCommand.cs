using System.CommandLine;
using System.Diagnostics;
using OrleansStream.Cli.Records;
using OrleansStream.Client.Producing;

namespace OrleansStream.Cli.Load;

/// <summary><c>ostream load produce</c>: as fast as acknowledgements allow, or at a rate.</summary>
internal static class LoadProduceCommand
{
    public static Command Build()
    {
        var records = CommonOptions.Count("--records", "How many records", 1_000_000, 1, 1_000_000_000_000);
        var rate = CommonOptions.Count("--rate", "Records per second; 0 for as many as possible", 0, 0, 100_000_000);
        var size = LoadCommand.Size();
        var partitions = LoadCommand.Partitions();
        var topic = LoadCommand.Topic();
        var compression = LineProducer.CompressionOption();
        var command = new Command("produce", "Produce records and report throughput and the latency of acknowledgements")
        {
            records, size, rate, topic, partitions, compression, CommonOptions.Output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            await using var target = await LoadTopic.OpenAsync(
                client.Admin, parsed.GetValue(topic), (int)parsed.GetRequiredValue(partitions), cancellationToken);
            await using var producer = client.CreateProducer(new ProducerOptions<ReadOnlyMemory<byte>?, ReadOnlyMemory<byte>?>
            {
                Compression = parsed.GetValue(compression),
                KeySerializer = OptionalBytes.Instance,
                ValueSerializer = OptionalBytes.Instance,
            });
            var load = new ProduceLoad(producer, target.Name, (int)parsed.GetRequiredValue(size), parsed.GetRequiredValue(rate));
            var count = parsed.GetRequiredValue(records);
            var started = Stopwatch.GetTimestamp();
            await LoadProgress.ShowAsync("produce", count, () => load.Acknowledged, load.RunAsync(count, cancellationToken));
            load.Report(Stopwatch.GetElapsedTime(started)).Write(parsed.GetValue(CommonOptions.Output));
        });
        return command.WithExamples(
            """
            ostream load produce
            ostream load produce --records 10m --size 1000 --partitions 12 --compression lz4
            ostream load produce --topic orders --rate 50k --records 500k -o json
            """);
    }
}
