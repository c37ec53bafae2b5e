using System.Globalization;
using OrleansStream.Benchmarks.Ladder;
using OrleansStream.Benchmarks.Peers.Results;
using OrleansStream.Benchmarks.Peers.Servers;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>All sides in turn, round after round, one server at a time, so that a noisy moment of the machine does not meet one side alone.</summary>
internal sealed class PeersBenchmark(PeerOptions options, TextWriter output)
{
    private readonly Samples _samples = new();
    private readonly Failures _failures = new(output);
    private readonly List<string> _skipped = [];
    private double _ackRate = options.Rate;

    /// <returns>Whether everything that was to be measured was.</returns>
    public async Task<bool> RunAsync()
    {
        var folder = Directory.CreateDirectory(options.Folder).FullName;
        var kafka = KafkaServer.Find(out var reason);
        if (kafka is null)
        {
            _skipped.Add($"{KafkaServer.SideName} and {KafkaServer.FlushName}: {reason}");
        }

        var redis = RedisServer.FindVersion(out reason);
        if (redis is null)
        {
            _skipped.Add($"{RedisServer.AlwaysName} and {RedisServer.EverySecondName}: {reason}");
        }

        foreach (var skipped in _skipped)
        {
            output.WriteLine($"skipped: {skipped}");
        }

        var facts = Machine.Describe(folder);
        _samples.OnAdded = (measure, side, value) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {measure.Name,-72} {side,-22} {Numbers.Text(value),12} {measure.Unit}"));
        for (var round = 0; round < options.Rounds; round++)
        {
            output.WriteLine($"round {round + 1} of {options.Rounds}");
            await RoundAsync(round, folder, kafka, redis);
        }

        var results = ResultsFile.Of(_samples, facts, Settings(kafka, redis), _skipped, _failures.All, options.Rounds);
        await results.WriteAsync(options.Out);
        output.WriteLine(results.TargetTable());
        output.WriteLine($"written: {Path.Combine(options.Out, ResultsFile.FileName)} and {Path.Combine(options.Out, ResultsFile.PageName)}");
        return _failures.All.Count == 0;
    }

    private async Task RoundAsync(int round, string root, string? kafka, string? redis)
    {
        // The slowest first: half of its peak is the rate that every side's acks are timed at.
        if (kafka is not null && options.Invites("kafka-flush"))
        {
            await SessionAsync(round, root, KafkaServer.FlushName, folder => new KafkaServer(kafka, folder, flushesEach: true));
        }

        if (options.Invites("ours"))
        {
            await SessionAsync(round, root, OrleansStreamServer.SideName, folder => new OrleansStreamServer(folder));
        }

        if (kafka is not null && options.Invites("kafka"))
        {
            await SessionAsync(round, root, KafkaServer.SideName, folder => new KafkaServer(kafka, folder, flushesEach: false));
        }

        if (redis is not null && options.Invites("redis"))
        {
            await SessionAsync(round, root, RedisServer.AlwaysName, folder => new RedisServer(folder, flushesEach: true));
            await SessionAsync(round, root, RedisServer.EverySecondName, folder => new RedisServer(folder, flushesEach: false));
        }

        if (options.Runs("limits"))
        {
            await RungAsync(round, root, Measures.Limit, new Shape(1024, Partitions: 1), () => new RawDiskRung());
            await RungAsync(round, root, Measures.Limit, new Shape(1024, Partitions: 1), () => new LoopbackRung());
        }

        if (options.Runs("storage"))
        {
            await RungsAsync(round, root, () => new RawDiskRung(), () => new FileStorageRung());
        }

        if (options.Runs("postgres"))
        {
            await RungsAsync(round, root, () => new BareCopyRung(), () => new PostgresStorageRung(), () => new PlainInsertRung());
        }
    }

    private Task SessionAsync(int round, string root, string side, Func<string, IPeerServer> create) => _failures.GuardAsync(side, round, () => InFolderAsync(root, async folder =>
    {
        await using var server = create(folder);
        var session = new PeerSession(options, _samples, _failures, server, round) { AckRate = _ackRate };
        await session.RunAsync();
        _ackRate = session.AckRate;
    }));

    private async Task RungsAsync(int round, string root, params Func<IRung>[] rungs)
    {
        foreach (var shape in new[] { new Shape(100), new Shape(1024) })
        {
            foreach (var create in rungs)
            {
                await RungAsync(round, root, Measures.Append(shape), shape, create);
            }
        }
    }

    private Task RungAsync(int round, string root, Measure measure, Shape shape, Func<IRung> create) => _failures.GuardAsync(create().Name, round, () => InFolderAsync(root, async folder =>
    {
        await using var rung = create();
        await rung.StartAsync(new Load(shape.Partitions, 512 * 1024, shape.RecordBytes, options.Duration / 2), folder);
        Machine.Settle();
        _samples.Add(measure, rung.Name, round, (await rung.RunAsync()).MegabytesPerSecond);
    }));

    private static async Task InFolderAsync(string root, Func<string, Task> run)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, Guid.NewGuid().ToString("N"))).FullName;
        try
        {
            await run(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Dictionary<string, string> Settings(string? kafka, string? redis) => new()
    {
        ["OrleansStream"] = $"{HostVersion()}, published for this platform, on files, every default: an ack means fsync",
        ["Apache Kafka"] = kafka is null ? "did not take part"
            : $"{KafkaServer.Version(kafka)}, one broker, KRaft, heap 1 GB, G1, every default: an ack means page cache; \"flush each\" adds log.flush.interval.messages=1",
        ["Redis"] = redis is null ? "did not take part"
            : $"{redis}, Redis Streams, append-only file with appendfsync always or everysec, no snapshots, every other default; StackExchange.Redis {typeof(StackExchange.Redis.ConnectionMultiplexer).Assembly.GetName().Version?.ToString(3)}: {Clients.RedisClient.Settings}",
        ["Confluent.Kafka"] = $"{Confluent.Kafka.Library.VersionString} (librdkafka): {Clients.ConfluentClient.Settings}",
        ["SDK"] = Clients.SdkClient.Settings,
        ["rounds"] = string.Create(CultureInfo.InvariantCulture, $"{options.Rounds} of {options.Duration.TotalSeconds} s a measurement, sides in turn, one server at a time, warmed up for 5 s with large and with small batches; sync before each measurement"),
        ["ack latency"] = string.Create(CultureInfo.InvariantCulture, $"open loop of {_ackRate:N0} records/s of 100 B, the same for every side; counted from the moment a record was due"),
    };

    private static string HostVersion() => typeof(PeersBenchmark).Assembly.GetName().Version?.ToString(3) ?? "";
}
