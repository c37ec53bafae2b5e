using System.Diagnostics;
using HdrHistogram;
using OrleansStream.Benchmarks.Ladder;
using OrleansStream.Benchmarks.Peers.Clients;
using OrleansStream.Benchmarks.Peers.Results;
using OrleansStream.Benchmarks.Peers.Servers;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>One server in one round: started anew, warmed up, put through every shape, stopped, killed and recovered.</summary>
internal sealed class PeerSession(PeerOptions options, Samples samples, Failures failures, IPeerServer server, int round)
{
    private const double EndToEndRate = 10_000;

    private static readonly (string Name, double Percentile)[] s_percentiles = [("p50", 50), ("p95", 95), ("p99", 99), ("p99.9", 99.9), ("max", 100)];
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2);
    private static readonly Shape s_latencyShape = new(100);
    private static readonly Shape s_manyPartitions = new(100, Partitions: 1000);
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (string Topic, Shape Shape, long Records)> _produced = [];
    private int _topics;

    /// <summary>Records per second of the ack latency; 0 until it is known.</summary>
    public double AckRate { get; set; } = options.Rate;

    private bool IsOurs => server is OrleansStreamServer;

    /// <summary>A broker that differs from another only in its flushes starts as that one does, and takes as much memory.</summary>
    private bool IsOnlyForFlushes => server.Name == KafkaServer.FlushName;

    public async Task RunAsync()
    {
        await server.PrepareAsync();
        Machine.Settle();
        await TimeAsync(Measures.FirstAnswer, async () =>
        {
            await server.LaunchAsync();
            await Readiness.AnswersAsync(server);
        });
        var client = server.CreateClient();
        await WarmUpAsync(client);
        if (options.Runs("produce"))
        {
            await ProduceAndConsumeAsync(client, server.Name);
        }

        await LatenciesAsync(client, server.Name);
        if (server is OrleansStreamServer ours && options.Runs("sdk"))
        {
            await failures.GuardAsync(Sides.Sdk, round, () => SdkAsync(ours));
        }

        if (client is ConfluentClient confluent && !IsOnlyForFlushes)
        {
            if (options.IsWide)
            {
                await MemoryAsync(confluent);
            }

            if (options.Runs("start"))
            {
                await RestartsAsync(confluent);
            }
        }
    }

    private async Task SdkAsync(OrleansStreamServer ours)
    {
        var client = new SdkClient(await ours.ConnectAsync());
        await WarmUpAsync(client);
        await ProduceAndConsumeAsync(client, Sides.Sdk);
        await LatenciesAsync(client, Sides.Sdk);
    }

    /// <summary>Servers are measured as they run in their second minute and after, so both kinds of code are run hot: large batches, and many small ones.</summary>
    private async Task WarmUpAsync(IPeerClient client)
    {
        var shape = new Shape(100);
        var topic = await NewTopicAsync(shape);
        var flow = await client.ProduceAsync(topic, shape, s_warmUp);
        await client.ConsumeAsync(topic, shape.Partitions, flow.Records);
        await client.EndToEndAsync(await NewTopicAsync(shape), shape, EndToEndRate, s_warmUp);
    }

    private async Task ProduceAndConsumeAsync(IPeerClient client, string side)
    {
        foreach (var shape in Shapes())
        {
            var topic = await NewTopicAsync(shape);
            var flow = await MeasureAsync(
                () => client.ProduceAsync(topic, shape, options.Duration), side, Measures.Produce(shape), Measures.ServerCpu(shape), Measures.ClientCpu(shape));
            _produced[topic] = (topic, shape, flow.Records + (shape.Partitions * shape.Producers));
        }

        if (side == server.Name)
        {
            samples.Add(Measures.Resident, side, round, ProcessFigures.ResidentBytes(server.ProcessId) / 1e6);
        }

        foreach (var (topic, shape, records) in _produced.Values)
        {
            if (options.Runs("consume") && shape.Producers == 1)
            {
                await MeasureAsync(
                    () => ConsumeAgainAsync(client, topic, shape.Partitions, records),
                    side, Measures.Consume(shape), Measures.ConsumeServerCpu(shape), Measures.ConsumeClientCpu(shape));
                if (options.IsWide && shape == s_latencyShape)
                {
                    Machine.Settle();
                    samples.Add(Measures.FanOut(shape), side, round, (await client.ConsumeAsync(topic, shape.Partitions, records, Measures.FanOutReaders)).RecordsPerSecond);
                }
            }
        }

        _produced.Clear();
    }

    /// <summary>One reading may be over before a server's fixed costs are small beside it: read again, with new connections, until the time of a measurement is over.</summary>
    private async Task<Flow> ConsumeAgainAsync(IPeerClient client, string topic, int partitions, long records)
    {
        var all = new Flow(0, TimeSpan.Zero);
        while (all.Elapsed < options.Duration)
        {
            var one = await client.ConsumeAsync(topic, partitions, records);
            all = new Flow(all.Records + one.Records, all.Elapsed + one.Elapsed);
        }

        return all;
    }

    private IEnumerable<Shape> Shapes()
    {
        yield return new Shape(100);
        yield return new Shape(1024);
        if (!options.IsWide || IsOnlyForFlushes)
        {
            yield break;
        }

        foreach (var shape in Shape.All.Where(shape => shape is not { Partitions: 6, Producers: 1 }))
        {
            yield return shape;
        }
    }

    private async Task LatenciesAsync(IPeerClient client, string side)
    {
        if (AckRate == 0 && samples.Of(Measures.Produce(s_latencyShape).Name, side).TryGetValue(round, out var peak))
        {
            AckRate = Math.Round(peak / 2 / 1000) * 1000;
        }

        if (options.Runs("latency") && AckRate > 0)
        {
            var topic = await NewTopicAsync(s_latencyShape);
            Machine.Settle();
            Add(await client.ProduceAtAsync(topic, s_latencyShape, AckRate, options.Duration), percentile => Measures.AckLatency(s_latencyShape, percentile), side);
        }

        if (options.Runs("end-to-end"))
        {
            var topic = await NewTopicAsync(s_latencyShape);
            Machine.Settle();
            Add(await client.EndToEndAsync(topic, s_latencyShape, EndToEndRate, options.Duration), percentile => Measures.EndToEnd(s_latencyShape, percentile), side);
        }
    }

    /// <summary>What a partition takes that was only created, and one that was written to a moment ago.</summary>
    private async Task MemoryAsync(ConfluentClient client)
    {
        var before = ProcessFigures.ResidentBytes(server.ProcessId);
        var topic = await NewTopicAsync(s_manyPartitions);
        await AddAsync(Measures.IdleMemory);
        await client.ProduceAsync(topic, s_manyPartitions, TimeSpan.FromSeconds(1));
        await AddAsync(Measures.ActiveMemory);

        async Task AddAsync(Measure measure)
        {
            await Task.Delay(s_rest);
            samples.Add(measure, server.Name, round, (ProcessFigures.ResidentBytes(server.ProcessId) - before) / 1e3 / s_manyPartitions.Partitions);
        }
    }

    private async Task RestartsAsync(ConfluentClient client)
    {
        var shape = new Shape(100);
        var topic = await NewTopicAsync(shape);
        await client.ProduceAsync(topic, shape, TimeSpan.FromSeconds(1));
        await server.StopAsync();
        Machine.Settle();
        await TimeAsync(Measures.StartToAck, StartAsync);

        var load = client.ProduceAsync(topic, shape, TimeSpan.FromSeconds(2)).ContinueWith(_ => { }, TaskScheduler.Default);
        await Task.Delay(TimeSpan.FromSeconds(1));
        await server.KillAsync();
        await TimeAsync(Measures.RecoveryToAck, StartAsync);
        await load;

        async Task StartAsync()
        {
            await server.LaunchAsync();
            await Readiness.AcknowledgesAsync(server, topic, shape.Partitions);
        }
    }

    private async Task<string> NewTopicAsync(Shape shape)
    {
        var topic = $"{(IsOurs ? "ours" : "theirs")}-{round}-{_topics++}";
        await server.CreateTopicAsync(topic, shape.Partitions);
        return topic;
    }

    private async Task<Flow> MeasureAsync(Func<Task<Flow>> run, string side, Measure rate, Measure serverCpu, Measure clientCpu)
    {
        Machine.Settle();
        var (serverBefore, clientBefore) = (ProcessFigures.CpuSeconds(server.ProcessId), ProcessFigures.CpuSeconds(Environment.ProcessId));
        var flow = await run();
        samples.Add(rate, side, round, flow.RecordsPerSecond);
        samples.Add(serverCpu, side, round, (ProcessFigures.CpuSeconds(server.ProcessId) - serverBefore) / flow.Records * 1e6);
        samples.Add(clientCpu, side, round, (ProcessFigures.CpuSeconds(Environment.ProcessId) - clientBefore) / flow.Records * 1e6);
        return flow;
    }

    private async Task TimeAsync(Measure measure, Func<Task> run)
    {
        var start = Stopwatch.GetTimestamp();
        await run();
        samples.Add(measure, server.Name, round, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private void Add(HistogramBase histogram, Func<string, Measure> measure, string side)
    {
        foreach (var (name, percentile) in s_percentiles)
        {
            samples.Add(measure(name), side, round, ClosedLoop.Milliseconds(histogram, percentile));
        }
    }
}
