using System.Globalization;
using Microsoft.Playwright;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.EndToEnd.Tests;
using OrleansStream.Records;
using OrleansStream.TestServers;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>
/// Not a test of anything but that the pages can be shown: <c>./dev screenshots</c> runs it to make the pictures of the README from a
/// real cluster with real traffic, in which silos come, go and die.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class Screenshots(Chromium chromium)
{
    public const string FolderVariable = "ORLEANSSTREAM_SCREENSHOTS";

    private static readonly (string Topic, int Partitions, int RecordsPerTick, string Value)[] s_topics =
    [
        ("orders", 12, 60, """{"order":"o-%","customer":"ann","items":[{"sku":"tea-250","count":2},{"sku":"pot-1","count":1}],"amount":42.90}"""),
        ("payments", 6, 20, """{"payment":"p-%","order":"o-%","method":"card","amount":42.90,"currency":"EUR"}"""),
        ("page-views", 18, 400, """{"path":"/tea/green","visitor":"v-%","ms":17}"""),
        ("shipments", 6, 4, """{"shipment":"s-%","order":"o-%","carrier":"north","state":"packed"}"""),
        ("audit", 3, 1, """{"who":"otto","what":"refund","order":"o-%"}"""),
    ];

    [ScreenshotsFact]
    public async Task Every_page_in_light_and_dark()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable)!;
        Directory.CreateDirectory(folder);
        await using var database = await TestDatabase.CreateAsync();
        using var first = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-1");
        using var second = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-2");
        await using var client = await OrleansStreamClient.ConnectAsync($"127.0.0.1:{first.Port},127.0.0.1:{second.Port}");
        foreach (var (topic, partitions, _, _) in s_topics)
        {
            await client.Admin.CreateTopicAsync(topic, partitions, topic == "audit" ? new Dictionary<string, string> { ["retention.ms"] = "-1" } : null);
        }

        using var stop = new CancellationTokenSource();
        var running = new List<Task>(s_topics.Select(topic => ProduceAsync(client, topic.Topic, topic.RecordsPerTick, topic.Value, stop.Token)));
        running.AddRange(
        [
            ConsumeAsync(client, "fulfilment", ["orders", "payments"], "fulfilment-1", 0, stop.Token),
            ConsumeAsync(client, "fulfilment", ["orders", "payments"], "fulfilment-2", 0, stop.Token),
            ConsumeAsync(client, "analytics", ["page-views"], "analytics-1", 12, stop.Token),
            ConsumeAsync(client, "billing", ["payments"], "billing-1", 0, stop.Token),
        ]);
        using var third = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-3");
        await using var browser = await chromium.OpenAsync($"{first.Url}/cluster");
        await ShowAsync(browser, "1400x900");
        using (var fourth = await HostProcess.StartAsync("--postgres", database.ConnectionString, "--name", "silo-4"))
        {
            await UntilOpenAsync(client, 4);
            await client.Admin.DrainSiloAsync("silo-2");
            await Task.Delay(3000);
            await client.Admin.UndrainSiloAsync("silo-2");
            await client.Admin.PinPartitionAsync(new TopicPartition("orders", 3), "silo-1");
            await Task.Delay(6000);
            await fourth.KillAsync();
        }

        await browser.Page.Locator("[data-silo=silo-4][data-state=dead]").WaitForAsync();
        await Task.Delay(4000);
        await browser.Page.Locator("[data-topic=orders][data-partition='3']").ClickAsync();
        await browser.Page.Mouse.MoveAsync(700, 850);
        await Task.Delay(2500);
        await TakeAsync(browser, folder, "cluster");

        foreach (var (name, path) in new[]
        {
            ("overview", ""), ("topics", "topics"), ("topic", "topics/orders"), ("records", "topics/orders/records"), ("settings", "topics/orders/settings"),
            ("groups", "groups"), ("group", "groups/analytics"),
        })
        {
            await browser.GoToAsync($"{first.Url}/{path}");
            await browser.Page.Locator("h1").WaitForAsync();
            await Task.Delay(name is "overview" or "group" ? 12_000 : 2500);
            if (name == "records")
            {
                await browser.Page.GetByTestId("records").Locator("tbody tr").Nth(1).ClickAsync();
                await browser.Page.GetByTestId("record").WaitForAsync();
            }

            await TakeAsync(browser, folder, name);
        }

        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    private static async Task ShowAsync(BrowserPage browser, string size)
    {
        var parts = size.Split('x').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        await browser.Page.SetViewportSizeAsync(parts[0], parts[1]);
    }

    private static async Task TakeAsync(BrowserPage browser, string folder, string name)
    {
        foreach (var theme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await browser.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = theme });
            await Task.Delay(800);
            await browser.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}-{theme.ToString().ToLowerInvariant()}.png") });
        }
    }

    private static async Task UntilOpenAsync(OrleansStreamClient client, int silos)
    {
        var wanted = s_topics.Sum(topic => topic.Partitions);
        while ((await client.Admin.SnapshotAsync()).Silos is var all && (all.Count(silo => silo.Report?.OpenPartitionCount > 0) < silos || all.Sum(silo => silo.Report?.OpenPartitionCount ?? 0) < wanted))
        {
            await Task.Delay(200);
        }

        await Task.Delay(2000);
    }

    private static async Task ProduceAsync(OrleansStreamClient client, string topic, int perTick, string value, CancellationToken stop)
    {
        await using var producer = client.CreateProducer<string, string>();
        var number = 0;
        while (!stop.IsCancellationRequested)
        {
            // Some keys are more popular than others, so partitions differ.
            var wave = 1 + (0.5 * Math.Sin(number / 4000.0));
            for (var record = 0; record < perTick * wave; record++, number++)
            {
                var key = $"{topic[0]}-{(number % 5 == 0 ? number % 40 : number % 400)}";
                await producer.EnqueueAsync(
                    new ProducerRecord<string, string>(topic, key, value.Replace("%", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))
                    {
                        Headers = [new RecordHeader("trace-id", System.Text.Encoding.UTF8.GetBytes($"{number:x8}"))],
                    },
                    static _ => { },
                    cancellationToken: CancellationToken.None);
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }

    private static async Task ConsumeAsync(
        OrleansStreamClient client, string group, string[] topics, string name, int pauseMs, CancellationToken stop)
    {
        await using var consumer = client.CreateConsumer(new ConsumerOptions<string, string>
        {
            GroupId = group,
            Topics = topics,
            ClientId = name,
            AutoCommitInterval = TimeSpan.FromSeconds(1),
        });
        try
        {
            await foreach (var batch in consumer.ConsumeBatchesAsync(40, stop))
            {
                if (pauseMs > 0)
                {
                    await Task.Delay(pauseMs, stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The pictures are taken.
        }
    }
}

/// <summary>Runs only when somebody wants the pictures.</summary>
public sealed class ScreenshotsFactAttribute : FactAttribute
{
    public ScreenshotsFactAttribute()
    {
        if (Environment.GetEnvironmentVariable(Screenshots.FolderVariable) is null)
        {
            Skip = "Run ./dev screenshots to make the pictures.";
        }
    }
}
