using System.Diagnostics;
using System.Text.Json;
using OrleansStream.Client;
using OrleansStream.EndToEnd.Tests;
using OrleansStream.TestServers;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>Real silos on one database, load on every partition, and the map in a real browser beside what the command line says.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ClusterMapTests(Chromium chromium)
{
    private const string Topic = "orders";
    private const int Partitions = 12;

    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task The_map_shows_the_truth_while_a_silo_joins_is_drained_and_dies_and_the_page_outlives_the_silo_that_served_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var first = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-1");
        using var second = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-2");
        await using var client = await OrleansStreamClient.ConnectAsync($"127.0.0.1:{first.Port},127.0.0.1:{second.Port}");
        await client.Admin.CreateTopicAsync(Topic, Partitions);
        await using var load = new Load(client, Topic, Partitions);
        await using var browser = await chromium.OpenAsync($"{second.Url}/cluster");
        await UntilTruthAsync(browser, first, silos: 2);

        using var third = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-3");
        await UntilTruthAsync(browser, first, silos: 3);

        // What an operator does with the mouse, and is told before it is done.
        await browser.Page.Locator("[data-silo=silo-3] .map-silo-head").ClickAsync();
        await browser.Button("Drain").ClickAsync();
        Assert.Contains("4 open partitions move to the other 2 silos", await browser.Dialog.InnerTextAsync(), StringComparison.Ordinal);
        await browser.Dialog.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Drain" }).ClickAsync();
        await UntilTruthAsync(browser, first, silos: 2);
        await browser.Page.Locator("[data-silo=silo-3][data-state=drained]").WaitForAsync();
        await browser.Button("Undrain").ClickAsync();
        await browser.Dialog.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Undrain" }).ClickAsync();
        await UntilTruthAsync(browser, first, silos: 3);
        Assert.Empty(browser.TakeErrors());

        await third.KillAsync();
        await browser.Page.Locator("[data-silo=silo-3][data-state=dead]").WaitForAsync();
        await UntilTruthAsync(browser, first, silos: 2);
        await browser.Page.GetByText("a silo died").First.WaitForAsync();
        Assert.Empty(browser.TakeErrors());

        // The silo that serves the page dies as well: the browser finds the other one by itself.
        await second.KillAsync();
        await browser.Page.WaitForURLAsync($"{first.Url}/cluster", new() { Timeout = 30_000 });
        await UntilTruthAsync(browser, first, silos: 1);
    }

    /// <summary>Waits until the cluster has settled on so many silos with partitions, and then demands the same of the map within two seconds.</summary>
    private static async Task UntilTruthAsync(BrowserPage browser, HostProcess silo, int silos)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        IReadOnlyList<string> truth;
        while (true)
        {
            truth = await ReadTruthAsync(silo);
            if (truth.Count == Partitions && truth.Select(place => place.Split(" on ")[1]).Distinct().Count() == silos)
            {
                break;
            }

            await Task.Delay(100, patience.Token);
        }

        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var shown = await browser.ReadMapAsync();
            if (shown.SequenceEqual(truth))
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(since) > s_fresh)
            {
                // Only what stayed true all the while is asked of the map.
                var now = await ReadTruthAsync(silo);
                if (now.SequenceEqual(truth))
                {
                    Assert.Equal(truth, shown);
                }

                (truth, since) = (now, Stopwatch.GetTimestamp());
            }

            await Task.Delay(50, patience.Token);
        }
    }

    private static async Task<IReadOnlyList<string>> ReadTruthAsync(HostProcess silo)
    {
        var (exitCode, output, _) = await Programs.RunAsync(Programs.Ostream, "cluster", "--output", "json", "--connect", $"127.0.0.1:{silo.Port}");
        if (exitCode != 0)
        {
            return [];
        }

        using var cluster = JsonDocument.Parse(output);
        return
        [
            .. (from member in cluster.RootElement.GetProperty("silos").EnumerateArray()
                from partition in member.GetProperty("partitions").EnumerateArray()
                select $"{partition.GetProperty("topic").GetString()}/{partition.GetProperty("partition").GetInt32()} on {member.GetProperty("address").GetString()}")
                .Order(StringComparer.Ordinal),
        ];
    }
}
