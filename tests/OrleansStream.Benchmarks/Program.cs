using System.Globalization;
using OrleansStream.Benchmarks;
using OrleansStream.Benchmarks.Ladder;
using OrleansStream.Benchmarks.Moves;
using OrleansStream.Benchmarks.Peers;
using OrleansStream.Benchmarks.Peers.Results;
using OrleansStream.Benchmarks.Scale;

const string Usage = """
    usage: ./dev bench [ladder] [--seconds S] [--rounds N] [--partitions P] [--batch-kib K] [--record-bytes B] [--folder DIR] [--only WORD]
           ./dev bench postgres [the same options]
           ./dev bench kafka [the same options]
           ./dev bench peers … | compare BEFORE.json AFTER.json   (./dev bench peers --help)
           ./dev bench records
           ./dev bench start
           ./dev bench scale-silos | scale-databases [--share S] [--warm-up S] [--partitions P] [--batch-kib K] [--rounds N]
           ./dev bench topics [--topics N]
           ./dev bench moves [--silo K] [--partitions P] [--rounds N] [--connect HOST:PORT,…]

    ladder   the same load on every rung, in turn: raw disk, Storage, a partition inside a silo, the SDK over TCP
    postgres the same on a PostgreSQL server that is started for it: bare COPY, Storage on PostgreSQL, a plain INSERT per batch
    kafka    one unmodified Confluent.Kafka producer and consumer against the Kafka port, beside raw disk and the SDK
    peers    the standard shapes against Apache Kafka, Redis, PostgreSQL and the physical limits, interleaved; RESULTS.md and results.json
    compare  which ratios of two such results got worse
    start    how long an OrleansStreamTestHost takes to start
    records  batches alone: checksum, builder, cursor, codecs
    scale-…  produce with 1, 2 and 4 silos, or 1 and 2 databases, by turns, each with a small share of CPU, 0.1 of a processor, say (root, control groups of version 1);
             a silo has 24 partitions in each database
    topics   creates very many topics in a cluster of one silo, lists them, touches some
    moves    what clients notice when silo K of the running ./dev cluster, where it is stopped, joins, stops and is killed
    --only   runs the rungs whose names contain the word
    The folder should lie on the disk that is to be measured; the default is bench-data in the current folder.
    """;

switch (args.FirstOrDefault(a => !a.StartsWith('-')) is { } word && args[0] == word ? word : "ladder")
{
    case "serve":
        await ServerProcess.ServeAsync(args[1]);
        return 0;
    case "records":
        RecordBenchmarks.Run(Console.Out);
        return 0;
    case "start":
        await StartBenchmark.RunAsync(Console.Out);
        return 0;
    case "ladder" when !args.Contains("--help"):
        await LadderAsync(
            () => new RawDiskRung(), () => new FileStorageRung(), () => new PartitionRung(), () => new ProducerRung(), () => new ConsumerRung(),
            () => new LoneRecordRung());
        return 0;
    case "postgres" when !args.Contains("--help"):
        await LadderAsync(() => new BareCopyRung(), () => new PostgresStorageRung(), () => new PlainInsertRung());
        return 0;
    case "kafka" when !args.Contains("--help"):
        await LadderAsync(
            () => new RawDiskRung(), () => new ProducerRung(), () => new ConsumerRung(), () => new KafkaProducerRung(), () => new KafkaConsumerRung());
        return 0;
    case "peers" when !args.Contains("--help"):
        return await new PeersBenchmark(PeerOptions.Parse(args), Console.Out).RunAsync() ? 0 : 1;
    case "compare" when args.Length == 3:
        return Comparison.Write(await ResultsFile.ReadAsync(args[1]), await ResultsFile.ReadAsync(args[2]), Console.Out) == 0 ? 0 : 1;
    case "peers" or "compare":
        Console.WriteLine(PeerOptions.Usage);
        return args.Contains("--help") ? 0 : 2;
    case "moves" when !args.Contains("--help"):
        await new MoveBenchmark(Text("--connect") ?? "127.0.0.1:30000", (int)Number("--silo", 3), (int)Number("--partitions", 12), Console.Out)
            .RunAsync((int)Number("--rounds", 10));
        return 0;
    case "scale-silos" when !args.Contains("--help"):
        await Scale(0.1).SilosAsync((int)Number("--rounds", 12));
        return 0;
    case "scale-databases" when !args.Contains("--help"):
        await Scale(0.15).DatabasesAsync((int)Number("--rounds", 12));
        return 0;
    case "topics" when !args.Contains("--help"):
        await new TopicsBenchmark((int)Number("--topics", 100_000), Console.Out).RunAsync();
        return 0;
    default:
        Console.WriteLine(Usage);
        return args.Contains("--help") ? 0 : 2;
}

ScaleBenchmark Scale(double usual)
{
    var share = Number("--share", usual);
    if (share is not (> 0 and <= 1))
    {
        throw new ArgumentException($"--share is a part of one processor, as in 0.1, not {share}.");
    }

    return new(share, (int)Number("--partitions", 24), (int)Number("--batch-kib", 64) * 1024, TimeSpan.FromSeconds(Number("--warm-up", 20)), Console.Out);
}

async Task LadderAsync(params Func<IRung>[] rungs)
{
    var seconds = Number("--seconds", 4);
    var rounds = (int)Number("--rounds", 3);
    var folder = Directory.CreateDirectory(Text("--folder") ?? "bench-data").FullName;
    var sizes = Text("--record-bytes") is null ? new[] { 100, 1024 } : [(int)Number("--record-bytes", 100)];
    var only = Text("--only") ?? "";
    var runner = new LadderRunner([.. rungs.Where(create => create().Name.Contains(only, StringComparison.OrdinalIgnoreCase))], Console.Out);
    foreach (var recordBytes in sizes)
    {
        var load = new Load((int)Number("--partitions", 6), (int)Number("--batch-kib", 512) * 1024, recordBytes, TimeSpan.FromSeconds(seconds));
        Console.WriteLine($"{load.Partitions} partitions, batches of {load.BatchBytes / 1024} KiB, values of {recordBytes} B, {rounds} rounds of {seconds} s, {Environment.ProcessorCount} cores");
        Console.WriteLine(LadderRunner.Table(await runner.RunAsync(load, rounds, folder)));
        Console.WriteLine();
    }

    Directory.Delete(folder, recursive: true);
}

string? Text(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

double Number(string name, double fallback) => Text(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : fallback;
