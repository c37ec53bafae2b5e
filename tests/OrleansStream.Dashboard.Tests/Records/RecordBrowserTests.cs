using OrleansStream.Client.Producing;
using OrleansStream.Dashboard.Records;
using OrleansStream.Records;
using OrleansStream.Testing;

namespace OrleansStream.Dashboard.Tests.Records;

/// <summary>A silo in this process, with three partitions of 1,000 records each.</summary>
public sealed class RecordBrowserTests : IAsyncLifetime
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    private OrleansStreamTestHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await OrleansStreamTestHost.StartAsync();
        await _host.Client.Admin.CreateTopicAsync("t", 3);
        await using var producer = _host.Client.CreateProducer<string, string>();
        for (var number = 0; number < 3000; number++)
        {
            await producer.EnqueueAsync(new ProducerRecord<string, string>("t", $"k{number}", $"v{number}")
            {
                Partition = number % 3,
                Timestamp = s_start.AddSeconds(number),
                Headers = number == 1234 ? [new RecordHeader("trace", "needle"u8.ToArray())] : null,
            });
        }

        await producer.FlushAsync();
    }

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task The_newest_records_of_all_partitions_come_first_and_older_ones_page_by_page()
    {
        var browser = new RecordBrowser(_host.Client.Admin);
        var request = Request(BrowseFrom.Newest, limit: 100);
        var seen = new List<string>();
        BrowsePage? page = null;
        do
        {
            page = await browser.ReadAsync(request, page?.Next, CancellationToken.None);
            seen.AddRange(page.Records.Select(record => record.ValueView.Text!));
        }
        while (page.HasMore);

        Assert.Equal(Enumerable.Range(0, 3000).Reverse().Select(number => $"v{number}"), seen);
    }

    [Fact]
    public async Task Looking_begins_at_an_offset_or_a_time()
    {
        var browser = new RecordBrowser(_host.Client.Admin);

        var byOffset = await browser.ReadAsync(Request(BrowseFrom.Offset, limit: 2, partition: 1, offset: 500), null, CancellationToken.None);
        var byTime = await browser.ReadAsync(Request(BrowseFrom.Time, limit: 2, partition: 0, time: s_start.AddSeconds(1500)), null, CancellationToken.None);
        var beyond = await browser.ReadAsync(Request(BrowseFrom.Offset, limit: 2, partition: 1, offset: 5000), null, CancellationToken.None);

        Assert.Equal([500, 501], byOffset.Records.Select(record => record.Offset));
        Assert.Equal(["v1500", "v1503"], byTime.Records.Select(record => record.ValueView.Text));
        Assert.Equal((0, false), (beyond.Records.Count, beyond.HasMore));
    }

    [Theory]
    [InlineData(FilterField.Key, "k1234", true)]
    [InlineData(FilterField.Value, "v1234", true)]
    [InlineData(FilterField.Header, "needle", true)]
    [InlineData(FilterField.Anywhere, "needle", true)]
    [InlineData(FilterField.Value, "needle", false)]
    public async Task A_filter_finds_what_contains_a_text(FilterField field, string text, bool isFound)
    {
        var browser = new RecordBrowser(_host.Client.Admin);

        foreach (var from in new[] { BrowseFrom.Beginning, BrowseFrom.Newest })
        {
            var page = await browser.ReadAsync(Request(from, limit: 10, filter: new RecordFilter(field, text)), null, CancellationToken.None);

            Assert.Equal(isFound ? ["v1234"] : [], page.Records.Select(record => record.ValueView.Text));
            Assert.Equal(3000, page.Scanned);
        }
    }

    private static BrowseRequest Request(
        BrowseFrom from, int limit, int? partition = null, long offset = 0, DateTimeOffset time = default, RecordFilter? filter = null) =>
        new("t", partition is { } one ? [one] : [0, 1, 2], from, offset, time, filter ?? new RecordFilter(FilterField.Anywhere, ""), limit);
}
