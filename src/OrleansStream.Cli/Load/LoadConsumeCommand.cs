using System.CommandLine;
using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Cli.Load;

/// <summary><c>ostream load consume</c>: reads a topic as fast as it comes.</summary>
internal static class LoadConsumeCommand
{
    public static Command Build()
    {
        var topic = new Option<string>("--topic") { Description = "The topic to read", HelpName = "TOPIC", Required = true };
        var records = CommonOptions.Count("--records", "Stop after so many records; without it, at the end of the topic", long.MaxValue, 1, long.MaxValue);
        records.DefaultValueFactory = null;
        var command = new Command("consume", "Read a topic from the beginning and report throughput") { topic, records, CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var load = await ConsumeLoad.PrepareAsync(client, parsed.GetRequiredValue(topic), cancellationToken);
            var count = Math.Min(load.Available, parsed.GetResult(records) is null ? long.MaxValue : parsed.GetValue(records));
            await LoadProgress.ShowAsync("consume", count, () => load.Consumed, load.RunAsync(count, cancellationToken));
            load.Report().Write(parsed.GetValue(CommonOptions.Output));
        });
        return command.WithExamples("ostream load consume --topic orders\nostream load consume --topic orders --records 1m -o json");
    }
}

/// <summary>Reads what a topic held when it began, through one consumer.</summary>
internal sealed class ConsumeLoad
{
    private readonly OrleansStreamClient _client;
    private readonly string _topic;
    private readonly TopicPartition[] _partitions;
    private long _consumed;
    private long _bytes;
    private TimeSpan _time;

    private ConsumeLoad(OrleansStreamClient client, string topic, TopicPartition[] partitions, long available)
    {
        _client = client;
        _topic = topic;
        _partitions = partitions;
        Available = available;
    }

    /// <summary>The records that the topic held at the start.</summary>
    public long Available { get; }

    public long Consumed => Volatile.Read(ref _consumed);

    public static async Task<ConsumeLoad> PrepareAsync(OrleansStreamClient client, string topic, CancellationToken cancellationToken)
    {
        var count = (await client.Admin.DescribeTopicAsync(topic, cancellationToken)).PartitionCount;
        var partitions = Enumerable.Range(0, count).Select(n => new TopicPartition(topic, n)).ToArray();
        long available = 0;
        foreach (var partition in partitions)
        {
            available += await client.Admin.FindEndAsync(partition, cancellationToken) - await client.Admin.FindBeginningAsync(partition, cancellationToken);
        }

        return available > 0
            ? new ConsumeLoad(client, topic, partitions, available)
            : throw new CommandException($"{topic} is empty; 'ostream load produce --topic {topic}' fills it.");
    }

    public async Task RunAsync(long records, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await using var consumer = _client.CreateConsumer(new ConsumerOptions<byte[], byte[]>());
        await consumer.AssignAsync(_partitions.Select(p => new TopicPartitionOffset(p)), cancellationToken);
        var started = Stopwatch.GetTimestamp();
        await foreach (var batch in consumer.ConsumeBatchesAsync(maxRecords: 10_000, cancellationToken))
        {
            foreach (ref readonly var record in batch.Span)
            {
                _bytes += record.Value?.Length ?? 0;
            }

            Volatile.Write(ref _consumed, _consumed + batch.Count);
            if (_consumed >= records)
            {
                break;
            }
        }

        _time = Stopwatch.GetElapsedTime(started);
    }

    public LoadReport Report() => new("consume", _topic, Consumed, _bytes, _time.TotalSeconds, []);
}
