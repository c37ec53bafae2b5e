using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansStream.EndToEnd.Tests;
using Xunit.Abstractions;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>
/// What it costs producers that somebody looks: <c>./dev bench dashboard</c> produces at full rate with the map open in a browser and closed, in turns,
/// and prints the medians, of the rate and of the processor time that the silo took for it. The browser works on the same machine, so the
/// rate tells of both; the processor time tells of the silo alone, and varies less.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class Cost(Chromium chromium, ITestOutputHelper output)
{
    private const int Records = 5_000_000;

    public const string RoundsVariable = "ORLEANSSTREAM_DASHBOARD_COST";

    [CostFact]
    public async Task Of_looking()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable(RoundsVariable)!, CultureInfo.InvariantCulture);
        var data = Directory.CreateTempSubdirectory("orleansstream-dashboard-").FullName;
        using var host = await HostProcess.StartAsync("--data", data);
        await ProduceAsync(host);
        var (open, closed) = (new List<Run>(), new List<Run>());
        for (var round = 0; round < rounds; round++)
        {
            // A browser that nobody looks at stays open all the time, so that what is compared is the dashboard and not the browser's start.
            foreach (var isOpen in round % 2 == 0 ? new[] { true, false } : [false, true])
            {
                await using var browser = await chromium.OpenAsync($"{host.Url}/cluster");
                if (!isOpen)
                {
                    await browser.Page.GotoAsync("about:blank");
                }

                await Task.Delay(2000);
                (isOpen ? open : closed).Add(await ProduceAsync(host));
                output.WriteLine($"round {round + 1}, {(isOpen ? "open" : "closed")}: {(isOpen ? open : closed)[^1]}");
            }
        }

        Compare("rate, MB/s", open, closed, run => run.Rate);
        Compare("processor time of the silo, ms per MB", open, closed, run => run.Processor);
        Directory.Delete(data, recursive: true);
    }

    private void Compare(string what, List<Run> open, List<Run> closed, Func<Run, double> figure)
    {
        var (with, without) = (Median(open.Select(figure)), Median(closed.Select(figure)));
        var pairs = Median(open.Zip(closed, (one, other) => figure(one) / figure(other)));
        output.WriteLine($"{what}: open {with:0.00}, closed {without:0.00} ({(with / without) - 1:+0.0%;-0.0%}; median of the pairs {pairs - 1:+0.0%;-0.0%})");
    }

    private static async Task<Run> ProduceAsync(HostProcess host)
    {
        using var silo = Process.GetProcessById(host.ProcessId);
        var before = silo.TotalProcessorTime;
        var (exitCode, text, error) = await Programs.RunAsync(
            Programs.Ostream, "load", "produce", "--records", Records.ToString(CultureInfo.InvariantCulture), "--output", "json", "--connect", $"127.0.0.1:{host.Port}");
        Assert.True(exitCode == 0, error);
        using var report = JsonDocument.Parse(text);
        silo.Refresh();
        return new Run(
            report.RootElement.GetProperty("megabytesPerSecond").GetDouble(),
            (silo.TotalProcessorTime - before).TotalMilliseconds / (Records * 100 / 1e6));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private readonly record struct Run(double Rate, double Processor)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate:0.0} MB/s, {Processor:0.00} ms of the silo's processor time per MB");
    }
}

/// <summary>Runs only when somebody asks for the measurement.</summary>
public sealed class CostFactAttribute : FactAttribute
{
    public CostFactAttribute()
    {
        if (Environment.GetEnvironmentVariable(Cost.RoundsVariable) is null)
        {
            Skip = "Run ./dev bench dashboard to measure.";
        }
    }
}
