using System.Buffers.Binary;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Tests.Hostile;

/// <summary>
/// Clients that do what they should not, over TCP, while another one is served beside them: each test ends with that one's verdict, and with
/// all rooms empty.
/// </summary>
[Collection(GatewayCollection.Name)]
public sealed class HostileClientTests : IAsyncLifetime
{
    private const short OldFetch = 11;

    private Gateway _gateway = null!;
    private Bystander _bystander = null!;

    public async Task InitializeAsync()
    {
        _gateway = await Gateway.StartAsync(kafka =>
        {
            kafka.RequestTimeout = TimeSpan.FromSeconds(1);
            kafka.AnswerTimeout = TimeSpan.FromSeconds(2);
        });
        _bystander = await Bystander.StartAsync(_gateway);
    }

    public async Task DisposeAsync()
    {
        await _bystander.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task What_is_no_frame_closes_the_connection_at_once()
    {
        int[] lengths = [-1, int.MinValue, 0, 1, 7, int.MaxValue, 0x01000000, (8 * 1024 * 1024) + 1];
        foreach (var length in lengths)
        {
            using var client = await RawClient.ConnectAsync(_gateway.Port);
            await client.SendAsync(Header(length, ApiKey.Metadata));
            await client.AssertClosedAsync(seconds: 5);
        }

        using var producer = await RawClient.ConnectAsync(_gateway.Port);
        await producer.SendAsync(Header((64 * 1024 * 1024) + 1, ApiKey.Produce));
        await producer.AssertClosedAsync(seconds: 5);
        await AssertUnharmedAsync(maxMebibytes: 60);
    }

    [Fact]
    public async Task Random_bytes_close_the_connection()
    {
        var random = new Random(7);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            var bytes = new byte[random.Next(8, 20_000)];
            random.NextBytes(bytes);
            using var client = await RawClient.ConnectAsync(_gateway.Port);
            await SendWhatGoesAsync(client, bytes);
            await client.AssertClosedAsync();
        }));
        await AssertUnharmedAsync(maxMebibytes: 100);
    }

    [Fact]
    public async Task Half_a_request_is_not_waited_for_for_long_and_takes_no_room_from_others()
    {
        // 300 connections that announce 16 MiB each, four times what there is room for, and send a little of it: at once, or byte by byte.
        var clients = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => RawClient.ConnectAsync(_gateway.Port)));
        var frame = new byte[16 * 1024];
        Header(16 * 1024 * 1024, ApiKey.Produce).CopyTo(frame, 0);
        await Task.WhenAll(clients.Select(async (client, at) =>
        {
            await client.SendAsync(frame.AsMemory(0, at % 2 == 0 ? frame.Length : 3));
            for (var sent = 3; at % 2 == 1 && sent < 40; sent++)
            {
                await SendWhatGoesAsync(client, frame.AsMemory(sent, 1));
                await Task.Delay(100);
            }

            await client.AssertClosedAsync();
            client.Dispose();
        }));
        await AssertUnharmedAsync(maxMebibytes: 100);
    }

    [Fact]
    public async Task An_end_in_the_middle_of_an_answer_gives_everything_back()
    {
        var topic = await FillTopicAsync(batches: 16);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async at =>
        {
            var client = await RawClient.ConnectAsync(_gateway.Port);
            await client.SendAsync(RawClient.Frame(Fetch(topic), OldFetch));
            Assert.True(await client.TakeAsync(at * 1000));
            client.Reset();
        }));
        await AssertUnharmedAsync(maxMebibytes: 400);
    }

    [Fact]
    public async Task Two_thousand_idle_connections_cost_little_and_disturb_nobody()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ => RawClient.ConnectAsync(_gateway.Port)));

        // Each asks something once, and is silent from then on.
        await Task.WhenAll(clients.Select(client => client.AskAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)));
        Assert.Equal(clients.Length + 1, _gateway.Connections.Count);
        await _bystander.AssertUndisturbedAsync(maxMebibytes: 150);

        Array.ForEach(clients, client => client.Dispose());
        await Gateway.EventuallyAsync(() => _gateway.Connections.Count == 0, "all connections are gone");
        Assert.Empty(_gateway.Errors);
    }

    [Theory]
    [InlineData("metadata")]
    [InlineData("produce")]
    [InlineData("fetch")]
    public async Task A_flood_of_requests_whose_answers_nobody_takes_stops_at_the_client(string kind)
    {
        var topic = await FillTopicAsync(batches: 1, batchBytes: 60_000);
        var frame = kind switch
        {
            "metadata" => RawClient.Frame(new MetadataRequest { Topics = null }, 9),
            "produce" => RawClient.Frame(Produce(topic, TestBatch.Of(1000)), 9),
            _ => RawClient.Frame(Fetch(topic), OldFetch),
        };
        var flood = Enumerable.Repeat(frame, 100).SelectMany(bytes => bytes).ToArray();
        var floods = Enumerable.Range(0, 2).Select(async _ =>
        {
            using var client = await RawClient.ConnectAsync(_gateway.Port, receiveBytes: 4096);
            var sent = 0L;
            while (await SendWhatGoesAsync(client, flood) && sent < 512L * 1024 * 1024)
            {
                sent += flood.Length;
            }

            return sent;
        });

        // Each is cut off, since it takes nothing; until then it could send what buffers hold and what was answered into them.
        Assert.All(await Task.WhenAll(floods), sent => Assert.InRange(sent, 0, 256L * 1024 * 1024));
        await AssertUnharmedAsync(maxMebibytes: 250);
    }

    [Theory]
    [InlineData(999, 0)]
    [InlineData(-1, 0)]
    [InlineData((short)ApiKey.Produce, 2)]
    [InlineData((short)ApiKey.Produce, 99)]
    [InlineData((short)ApiKey.Fetch, -1)]
    [InlineData((short)ApiKey.Metadata, short.MaxValue)]
    public async Task An_unknown_api_or_version_closes_the_connection(short key, short version)
    {
        using var client = await RawClient.ConnectAsync(_gateway.Port);
        var frame = Header(20, (ApiKey)key);
        Array.Resize(ref frame, sizeof(int) + 20);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(6), version);

        await client.SendAsync(frame);

        await client.AssertClosedAsync(seconds: 5);
        await AssertUnharmedAsync(maxMebibytes: 60);
    }

    [Fact]
    public async Task An_unknown_version_of_ApiVersions_is_told_the_known_ones()
    {
        using var client = await RawClient.ConnectAsync(_gateway.Port);
        var frame = Header(20, ApiKey.ApiVersions);
        Array.Resize(ref frame, sizeof(int) + 20);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(6), 99);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(8), 1);

        await client.SendAsync(frame);

        var answer = RawClient.Read<ApiVersionsResponse>((await client.ReceiveAsync())!, 0);
        Assert.Equal(35, answer.ErrorCode);
        Assert.Contains(answer.ApiKeys, api => api is { ApiKey: (short)ApiKey.ApiVersions, MaxVersion: 4 });
    }

    [Fact]
    public async Task A_fetch_of_everything_gets_as_much_as_an_answer_may_hold()
    {
        var topic = await FillTopicAsync(batches: 40);
        using var client = await RawClient.ConnectAsync(_gateway.Port);

        var answer = await client.AskAsync<FetchRequest, FetchResponse>(Fetch(topic), OldFetch);

        Assert.InRange(answer.Topics[0].Partitions[0].Records!.Value.Length, 1, _gateway.Options.MaxFetchBytes);
        client.Reset();
        await AssertUnharmedAsync(maxMebibytes: 300);
    }

    [Fact]
    public async Task A_request_that_names_too_much_closes_the_connection_and_many_that_name_much_are_read_in_turn()
    {
        var fetch = new FetchRequest
        {
            MaxBytes = int.MaxValue,
            Topics = [new() { Name = "none", Partitions = [.. Enumerable.Range(0, 1_000_000).Select(at => new FetchRequest.WantedPartition { Partition = at })] }],
        };
        using (var client = await RawClient.ConnectAsync(_gateway.Port))
        {
            Assert.True(await ClosesAsync(client, RawClient.Frame(fetch, 4)));
        }

        // 100,000 partitions are a frame of 1.6 MB and take ten times that as objects; forty of them at once do not fit.
        fetch.Topics[0].Partitions = fetch.Topics[0].Partitions[..100_000];
        var frame = RawClient.Frame(fetch, 4);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            using var client = await RawClient.ConnectAsync(_gateway.Port);
            await client.SendAsync(frame);
            var answer = RawClient.Read<FetchResponse>((await client.ReceiveAsync(60))!, 4);
            Assert.All(answer.Topics.Single().Partitions, partition => Assert.Equal(3, partition.ErrorCode));
        }));
        await AssertUnharmedAsync(maxMebibytes: 400);
    }

    [Fact]
    public async Task A_topic_that_is_asked_for_many_times_over_is_described_once()
    {
        await _gateway.Sdk.Admin.CreateTopicAsync("wide", 10_000);
        using var client = await RawClient.ConnectAsync(_gateway.Port);

        var answer = await client.AskAsync<MetadataRequest, MetadataResponse>(
            new() { Topics = [.. Enumerable.Repeat(new MetadataRequest.WantedTopic { Name = "wide" }, 100_000)] }, 9);

        Assert.Equal(10_000, answer.Topics.Single().Partitions.Length);
        client.Dispose();
        await AssertUnharmedAsync(maxMebibytes: 150);
    }

    [Fact]
    public async Task An_answer_that_would_be_many_times_its_request_is_refused_before_it_is_made()
    {
        await _gateway.Sdk.Admin.CreateTopicAsync("settings", 1);
        using var client = await RawClient.ConnectAsync(_gateway.Port);
        var resource = new DescribeConfigsRequest.WantedResource { ResourceType = 2, ResourceName = "settings", ConfigurationKeys = null };

        Assert.True(await ClosesAsync(client, RawClient.Frame(new DescribeConfigsRequest { Resources = [.. Enumerable.Repeat(resource, 150_000)] }, 1)));

        await AssertUnharmedAsync(maxMebibytes: 300);
    }

    [Fact]
    public async Task All_topics_are_listed_in_every_version_to_everybody_who_asks_at_once()
    {
        await _gateway.Sdk.Admin.CreateTopicAsync("one", 3);
        await _gateway.Sdk.Admin.CreateTopicAsync("two", 1);
        await Task.WhenAll(Enumerable.Range(0, 5).SelectMany(_ => Enumerable.Range(0, MetadataRequest.Api.MaxVersion + 1)).Select(async version =>
        {
            using var client = await RawClient.ConnectAsync(_gateway.Port);
            var answer = await client.AskAsync<MetadataRequest, MetadataResponse>(new() { Topics = version == 0 ? [] : null }, (short)version);
            Assert.Equal((3, 1), (answer.Topics.Single(topic => topic.Name == "one").Partitions.Length, answer.Topics.Single(topic => topic.Name == "two").Partitions.Length));
        }));
        await AssertUnharmedAsync(maxMebibytes: 60);
    }

    private static byte[] Header(int length, ApiKey key)
    {
        var header = new byte[sizeof(int) + sizeof(short)];
        BinaryPrimitives.WriteInt32BigEndian(header, length);
        BinaryPrimitives.WriteInt16BigEndian(header.AsSpan(sizeof(int)), (short)key);
        return header;
    }

    private static FetchRequest Fetch(string topic) => new()
    {
        MinBytes = 1,
        MaxBytes = int.MaxValue,
        Topics = [new() { Name = topic, Partitions = [new() { PartitionMaxBytes = int.MaxValue }] }],
    };

    private static ProduceRequest Produce(string topic, byte[] batch) => new()
    {
        Acks = -1,
        TimeoutMs = 1000,
        Topics = [new() { Name = topic, Partitions = [new() { Records = batch }] }],
    };

    private static async Task<bool> ClosesAsync(RawClient client, byte[] frame)
    {
        await SendWhatGoesAsync(client, frame);
        return await client.ReceiveAsync() is null;
    }

    /// <returns>False when the connection was closed meanwhile.</returns>
    private static async Task<bool> SendWhatGoesAsync(RawClient client, ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await client.SendAsync(bytes, patience.Token);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private async Task<string> FillTopicAsync(int batches, int batchBytes = 1000 * 1024)
    {
        var topic = $"filled-{Guid.NewGuid():N}";
        await _gateway.Sdk.Admin.CreateTopicAsync(topic, 1);
        using var client = await RawClient.ConnectAsync(_gateway.Port);
        var batch = TestBatch.Of(batchBytes);
        for (var at = 0; at < batches; at++)
        {
            var answer = await client.AskAsync<ProduceRequest, ProduceResponse>(Produce(topic, batch), 9);
            Assert.Equal(0, answer.Topics[0].Partitions[0].ErrorCode);
        }

        return topic;
    }

    private async Task AssertUnharmedAsync(int maxMebibytes)
    {
        await _bystander.AssertUndisturbedAsync(maxMebibytes);
        await Gateway.EventuallyAsync(() => _gateway.Connections.Count == 0, $"all connections end, and not {_gateway.Connections.Count} are left");
        Assert.Equal(0, _gateway.BytesInHand);
        Assert.Empty(_gateway.Errors);
    }
}
