using System.Diagnostics;
using Microsoft.Playwright;
using OrleansStream.Client;
using OrleansStream.EndToEnd.Tests;
using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>A host of its own with a million records, and what people do with records and offsets.</summary>
[Collection(BrowserCollection.Name)]
public sealed class RecordTests(Chromium chromium) : IAsyncLifetime
{
    private const int Records = 1_000_000;
    private readonly string _data = Directory.CreateTempSubdirectory("orleansstream-dashboard-").FullName;
    private HostProcess _host = null!;
    private OrleansStreamClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await HostProcess.StartAsync("--data", _data);
        _client = await OrleansStreamClient.ConnectAsync($"127.0.0.1:{_host.Port}");
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        _host.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task A_record_among_a_million_is_found_within_a_second_by_its_text_its_offset_and_its_time()
    {
        await _client.Admin.CreateTopicAsync("many", 4);
        var needle = await ProduceAsync("many", Records);
        await using var browser = await chromium.OpenAsync($"{_host.Url}/topics/many/records");
        var page = browser.Page;
        await page.GetByTestId("records").WaitForAsync();

        await browser.Button("Oldest").ClickAsync();
        await page.GetByLabel("Text to find").FillAsync("needle-7f3a");
        var found = page.GetByTestId("records").GetByText("needle-7f3a");
        var statuses = new List<string>();
        do
        {
            // The other tests of this project may have the processors just then, so the best of a few is judged.
            await browser.Button("Find").ClickAsync();
            await page.GetByText("1 record shown").WaitForAsync();
            statuses.Add(await page.GetByTestId("records-status").InnerTextAsync());
            Assert.Contains("1\u202f000\u202f000 looked at", statuses[^1], StringComparison.Ordinal);
        }
        while (SecondsOf(statuses[^1]) >= 1 && statuses.Count < 4);
        Assert.True(SecondsOf(statuses[^1]) < 1, string.Join(' ', statuses));

        await browser.Button("Offset").ClickAsync();
        await page.GetByLabel("Text to find").FillAsync("");
        await page.GetByLabel("Partition", new() { Exact = true }).SelectOptionAsync($"{needle.Partition}");
        await page.GetByLabel("Offset", new() { Exact = true }).FillAsync($"{needle.Offset}");
        var start = Stopwatch.GetTimestamp();
        await browser.Button("Show").ClickAsync();
        await found.First.WaitForAsync();
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3));

        // The record in full: JSON is laid out as JSON.
        await page.GetByTestId("records").Locator("tbody tr").First.ClickAsync();
        Assert.Contains("\"id\": \"needle-7f3a\"", await page.GetByTestId("record").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(browser.TakeErrors());
    }

    [Fact]
    public async Task What_is_produced_by_hand_appears_live_and_can_be_read()
    {
        await _client.Admin.CreateTopicAsync("few", 2);
        await using var live = await chromium.OpenAsync($"{_host.Url}/topics/few/records");
        await live.Button("Live").ClickAsync();
        await live.Page.GetByText("Waiting for records").WaitForAsync();
        await using var form = await chromium.OpenAsync($"{_host.Url}/topics/few/produce");

        await form.Page.GetByLabel("Key", new() { Exact = true }).FillAsync("ann");
        await form.Page.GetByLabel("Value", new() { Exact = true }).FillAsync("{\"amount\":12.5}");
        await form.Button("Produce").ClickAsync();
        await form.Page.GetByText("Durable in partition").WaitForAsync();

        await live.Page.GetByTestId("records").GetByText("12.5").WaitForAsync();
        Assert.Empty(live.TakeErrors().Concat(form.TakeErrors()));
    }

    [Fact]
    public async Task A_topic_is_created_grown_changed_and_deleted()
    {
        await using var browser = await chromium.OpenAsync($"{_host.Url}/topics");
        var page = browser.Page;
        await browser.Button("Create topic").First.ClickAsync();
        await browser.Dialog.GetByLabel("Name").FillAsync("payments");
        await browser.Dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await page.WaitForURLAsync("**/topics/payments");

        await browser.Button("Add partitions").ClickAsync();
        await browser.Dialog.GetByLabel("Partitions in all").FillAsync("9");
        await browser.Dialog.GetByRole(AriaRole.Button, new() { Name = "Add 3" }).ClickAsync();
        await page.GetByTestId("partitions").Locator("tbody tr").Nth(8).WaitForAsync();

        await browser.GoAsync("Settings");
        await page.GetByLabel("retention.ms").FillAsync("3600000");
        await page.GetByLabel("retention.ms").BlurAsync();
        await browser.Button("Save changes").ClickAsync();
        await page.GetByText("The settings are in force").WaitForAsync();
        var topic = await _client.Admin.DescribeTopicAsync("payments");
        Assert.Equal((9, "3600000"), (topic.PartitionCount, topic.Configuration["retention.ms"]));

        await browser.Button("Delete").ClickAsync();
        var delete = browser.Dialog.GetByRole(AriaRole.Button, new() { Name = "Delete for good" });
        await browser.Dialog.GetByLabel("Type the name to confirm").FillAsync("payment");
        Assert.True(await delete.IsDisabledAsync());
        await browser.Dialog.GetByLabel("Type the name to confirm").FillAsync("payments");
        await delete.ClickAsync();
        await page.WaitForURLAsync("**/topics");
        var gone = await Assert.ThrowsAsync<OrleansStreamException>(() => _client.Admin.DescribeTopicAsync("payments"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, gone.ErrorCode);
        Assert.Empty(browser.TakeErrors());
    }

    [Fact]
    public async Task A_reset_does_what_its_preview_said()
    {
        await _client.Admin.CreateTopicAsync("words", 3);
        await ProduceAsync("words", 3000);
        await _client.Admin.ResetOffsetsAsync("readers", [.. Enumerable.Range(0, 3).Select(
            partition => new CommittedOffset(new TopicPartition("words", partition), new Offset(900), "", LeaderEpoch.None))]);
        await using var browser = await chromium.OpenAsync($"{_host.Url}/groups/readers");
        var page = browser.Page;

        await browser.Button("Reset offsets").ClickAsync();
        await browser.Dialog.GetByLabel("To", new() { Exact = true }).SelectOptionAsync("an offset");
        await browser.Dialog.GetByLabel("Offset", new() { Exact = true }).FillAsync("700");
        await browser.Dialog.GetByLabel("Offset", new() { Exact = true }).BlurAsync();
        await browser.Dialog.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        var plan = browser.Dialog.GetByTestId("reset-plan").Locator("[data-new]");
        await plan.Nth(2).WaitForAsync();
        var foretold = await plan.EvaluateAllAsync<string[]>("cells => cells.map(cell => cell.dataset.new)");
        Assert.Contains("600 records will be consumed again", await browser.Dialog.InnerTextAsync(), StringComparison.Ordinal);
        await browser.Dialog.GetByRole(AriaRole.Button, new() { Name = "Reset 3" }).ClickAsync();
        await page.GetByText("are reset").WaitForAsync();

        var group = await _client.Admin.DescribeGroupAsync("readers");
        Assert.Equal(["700", "700", "700"], foretold);
        Assert.Equal(foretold, group.Offsets.Select(partition => partition.CommittedOffset.ToString()));
        Assert.Empty(browser.TakeErrors());
    }

    /// <summary>So many records, evenly over the partitions, one of which is what is looked for.</summary>
    private async Task<(int Partition, long Offset)> ProduceAsync(string topic, int count)
    {
        var partitions = (await _client.Admin.DescribeTopicAsync(topic)).PartitionCount;
        await using var producer = _client.CreateProducer<string, string>();
        var needle = (Partition: 0, Offset: 0L);
        for (var number = 0; number < count; number++)
        {
            var isNeedle = number == count * 2 / 3;
            var value = isNeedle ? "{\"id\":\"needle-7f3a\",\"amount\":12.5}" : $"{{\"id\":\"straw-{number}\",\"amount\":1}}";
            var record = new Client.Producing.ProducerRecord<string, string>(topic, $"key-{number}", value) { Partition = number % partitions };
            await producer.EnqueueAsync(record);
            needle = isNeedle ? (number % partitions, number / partitions) : needle;
        }

        await producer.FlushAsync();
        return needle;
    }

    private static double SecondsOf(string status)
    {
        var time = status[(status.LastIndexOf(" in ", StringComparison.Ordinal) + 4)..].TrimEnd('.').Split(' ');
        var number = double.Parse(time[0], System.Globalization.CultureInfo.InvariantCulture);
        return time[1] == "ms" ? number / 1000 : time[1] == "s" ? number : double.MaxValue;
    }
}
