using OrleansStream.Client.Producing;
using OrleansStream.Testing;

namespace OrleansStream.Client.Tests.Producing;

public sealed class ProducerEndToEndTests : IAsyncLifetime
{
    private OrleansStreamTestHost _host = null!;
    private OrleansStreamClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await OrleansStreamTestHost.StartAsync();
        _client = await OrleansStreamClient.ConnectAsync(_host.GatewayAddress);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Produced_records_are_read_back_in_order_with_all_their_fields()
    {
        var topic = await _client.Admin.CreateTopicAsync("orders", 1);
        await using var producer = _client.CreateProducer<string, string>();
        var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);

        var first = await producer.ProduceAsync("orders", "k1", "v1");
        var second = await producer.ProduceAsync(new("orders", null, null) { Headers = [new("h", "x"u8.ToArray()), new("n", (byte[]?)null)], Timestamp = time });

        Assert.Equal(new RecordMetadata(new("orders", 0), new Offset(0)), first);
        Assert.Equal(new Offset(1), second.Offset);
        var records = await RawLog.ReadAsync(_host.ClusterClient, new PartitionId(topic.TopicId, 0));
        Assert.Equal(["k1", null], records.Select(r => r.Key));
        Assert.Equal(["v1", null], records.Select(r => r.Value));
        Assert.Equal(time.ToUnixTimeMilliseconds(), records[1].TimestampMs);
        Assert.Equal(["h=x", "n=null"], records[1].Headers);
    }
}
