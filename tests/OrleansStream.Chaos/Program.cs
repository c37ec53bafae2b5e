using OrleansStream.Chaos.Checking;
using OrleansStream.Chaos.History;

if (args is not ["check", var path])
{
    Console.Error.WriteLine("usage: OrleansStream.Chaos check HISTORY");
    return 2;
}

var anomalies = HistoryChecker.Check(HistoryFile.Read(path));
foreach (var anomaly in anomalies)
{
    Console.WriteLine($"{anomaly.Kind}: {anomaly.Message}");
}

return anomalies.Count == 0 ? 0 : 1;
