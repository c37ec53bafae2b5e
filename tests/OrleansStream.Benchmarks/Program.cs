using OrleansStream.Benchmarks.Ladder;

// Usage: [ladder] [--seconds S] [--rounds N] [--folder DIR]
double Option(string name, double fallback) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? double.Parse(args[at + 1], System.Globalization.CultureInfo.InvariantCulture) : fallback;
var seconds = Option("--seconds", 4);
var rounds = (int)Option("--rounds", 3);
var folder = Array.IndexOf(args, "--folder") is >= 0 and var f && f + 1 < args.Length ? args[f + 1] : Path.Combine(Path.GetTempPath(), "orleansstream-bench");

Directory.CreateDirectory(folder);
var runner = new LadderRunner([() => new RawDiskRung()], Console.Out);
foreach (var recordBytes in new[] { 100, 1024 })
{
    var load = new Load(Partitions: 6, BatchBytes: 512 * 1024, recordBytes, TimeSpan.FromSeconds(seconds));
    Console.WriteLine($"{load.Partitions} partitions, {load.BatchBytes / 1024} KiB batches of {recordBytes} B records, {rounds} rounds of {seconds} s");
    Console.WriteLine(LadderRunner.Table(await runner.RunAsync(load, rounds, folder)));
}

return 0;
