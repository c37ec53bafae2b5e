using OrleansStream.Chaos;
using OrleansStream.Chaos.Checking;
using OrleansStream.Chaos.Faults;
using OrleansStream.Chaos.History;

switch (args)
{
    case ["check", var path]:
        return Check(path);
    case ["--help" or "-h" or "help", ..]:
        Console.WriteLine(ChaosOptions.Usage);
        return 0;
    case ["--faults", "list"]:
        foreach (var fault in FaultCatalog.All)
        {
            Console.WriteLine($"{fault.Kind.Name,-12} {fault.Description}");
        }

        return 0;
    default:
        return await RunAsync(args);
}

static int Check(string path)
{
    var anomalies = HistoryChecker.Check(HistoryFile.Read(path));
    foreach (var anomaly in anomalies)
    {
        Console.WriteLine($"{anomaly.Kind}: {anomaly.Message}");
    }

    Console.WriteLine($"{anomalies.Count} anomalies");
    return anomalies.Count == 0 ? 0 : 1;
}

static async Task<int> RunAsync(string[] args)
{
    ChaosOptions options;
    try
    {
        options = ChaosOptions.Parse(args);
    }
    catch (FormatException exception)
    {
        Console.Error.WriteLine($"chaos: {exception.Message}");
        return 2;
    }

    var found = 0;
    for (var run = 0; run < options.Runs; run++)
    {
        var anomalies = await new ChaosRun(options with { Seed = options.Seed + run }, HostProgram.Path, Console.Out).RunAsync();
        found += anomalies.Count == 0 ? 0 : 1;
    }

    Console.WriteLine($"{options.Runs - found} of {options.Runs} runs without an anomaly; the reports are in {Path.GetFullPath(options.Output)}");
    return found == 0 ? 0 : 1;
}
