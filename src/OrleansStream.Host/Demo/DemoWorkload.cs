using OrleansStream.Client;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Host.Demo;

/// <summary>
/// A small workload for looking at: a producer of ten records a second, keyed by one of a hundred devices, and a group of two
/// members that share the partitions. It logs what it does and stops with the host.
/// </summary>
internal sealed partial class DemoWorkload(IClusterClient cluster, TimeProvider time, ILogger<DemoWorkload> logger) : BackgroundService
{
    private const string Topic = "demo";
    private const string Group = "demo-readers";
    private const int Partitions = 6;
    private const int Devices = 100;
    private const int Seed = 1;

    private static readonly TimeSpan s_produceInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(5);

    private readonly long[] _consumed = new long[2];
    private long _produced;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var client = OrleansStreamClient.Over(cluster);
        await CreateTopicAsync(client, stoppingToken);
        LogStarted(logger, Topic, Partitions, Group);
        try
        {
            await Task.WhenAll(
                ProduceAsync(client, stoppingToken),
                ConsumeAsync(client, 0, stoppingToken),
                ConsumeAsync(client, 1, stoppingToken),
                ReportAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            LogStopped(logger, _produced, _consumed[0] + _consumed[1]);
        }
    }

    private static async Task CreateTopicAsync(OrleansStreamClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.Admin.CreateTopicAsync(Topic, Partitions, cancellationToken: cancellationToken);
        }
        catch (OrleansStreamException e) when (e.ErrorCode == ErrorCode.TopicAlreadyExists)
        {
            // From an earlier run on the same data folder.
        }
    }

    private async Task ProduceAsync(OrleansStreamClient client, CancellationToken cancellationToken)
    {
        var random = new Random(Seed);
        await using var producer = client.CreateProducer<string, string>();
        using var timer = new PeriodicTimer(s_produceInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var temperature = 15 + (10 * random.NextDouble());
            await producer.ProduceAsync(
                Topic, $"device-{random.Next(Devices)}", FormattableString.Invariant($"{{\"temperature\":{temperature:F1}}}"), cancellationToken);
            Interlocked.Increment(ref _produced);
        }
    }

    private async Task ConsumeAsync(OrleansStreamClient client, int member, CancellationToken cancellationToken)
    {
        await using var consumer = client.CreateConsumer(new ConsumerOptions<string, string>
        {
            GroupId = Group,
            Topics = [Topic],
            ClientId = $"demo-member-{member + 1}",
            OnPartitionsAssigned = (partitions, _) =>
            {
                var numbers = string.Join(", ", partitions.Select(p => p.Partition).Order());
                LogAssigned(logger, member + 1, numbers);
                return ValueTask.CompletedTask;
            },
        });
        await foreach (var batch in consumer.ConsumeBatchesAsync(cancellationToken: cancellationToken))
        {
            Interlocked.Add(ref _consumed[member], batch.Count);
        }
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_reportInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var (first, second) = (Interlocked.Read(ref _consumed[0]), Interlocked.Read(ref _consumed[1]));
            var produced = Interlocked.Read(ref _produced);
            LogProgress(logger, produced, first, second);
        }
    }

    [LoggerMessage(EventId = LogEvents.DemoStarted, Level = LogLevel.Information, Message = "Demo: one producer and two members of group {Group} on topic {Topic} with {Partitions} partitions")]
    private static partial void LogStarted(ILogger logger, string topic, int partitions, string group);

    [LoggerMessage(EventId = LogEvents.DemoAssigned, Level = LogLevel.Information, Message = "Demo: member {Member} was assigned the partitions {Partitions}")]
    private static partial void LogAssigned(ILogger logger, int member, string partitions);

    [LoggerMessage(EventId = LogEvents.DemoProgress, Level = LogLevel.Information, Message = "Demo: {Produced} records produced; member 1 consumed {First}, member 2 {Second}")]
    private static partial void LogProgress(ILogger logger, long produced, long first, long second);

    [LoggerMessage(EventId = LogEvents.DemoStopped, Level = LogLevel.Information, Message = "Demo: stopped after {Produced} records produced and {Consumed} consumed")]
    private static partial void LogStopped(ILogger logger, long produced, long consumed);
}
