using System.Globalization;
using System.Text.Json;
using OrleansStream.EndToEnd.Tests;
using Xunit.Abstractions;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>
/// What it costs producers that somebody looks: <c>./dev bench dashboard</c> produces at full rate with the map open in a browser and closed, in turns,
/// and prints the medians.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class Cost(Chromium chromium, ITestOutputHelper output)
{
    public const string RoundsVariable = "ORLEANSSTREAM_DASHBOARD_COST";

    [CostFact]
    public async Task Of_looking()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable(RoundsVariable)!, CultureInfo.InvariantCulture);
        var data = Directory.CreateTempSubdirectory("orleansstream-dashboard-").FullName;
        using var host = await HostProcess.StartAsync("--data", data);
        await ProduceAsync(host);
        var (open, closed) = (new List<double>(), new List<double>());
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
                output.WriteLine($"round {round + 1}, {(isOpen ? "open" : "closed")}: {(isOpen ? open : closed)[^1]:0.0} MB/s");
            }
        }

        output.WriteLine($"median of the pairs' ratios: {Median([.. open.Zip(closed, (with, without) => with / without)]) - 1:+0.0%;-0.0%}");
        output.WriteLine($"open {Median(open):0.0} MB/s, closed {Median(closed):0.0} MB/s: {(Median(open) / Median(closed)) - 1:+0.0%;-0.0%}");
        Directory.Delete(data, recursive: true);
    }

    /// <returns>Millions of bytes of values per second.</returns>
    private static async Task<double> ProduceAsync(HostProcess host)
    {
        var (exitCode, text, error) = await Programs.RunAsync(
            Programs.Ostream, "load", "produce", "--records", "5000000", "--output", "json", "--connect", $"127.0.0.1:{host.Port}");
        Assert.True(exitCode == 0, error);
        using var report = JsonDocument.Parse(text);
        return report.RootElement.GetProperty("megabytesPerSecond").GetDouble();
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
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
