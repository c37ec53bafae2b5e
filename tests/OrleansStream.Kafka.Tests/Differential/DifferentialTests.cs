using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.Kafka.Wire;
using Xunit.Abstractions;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>
/// The same requests, in every version that both know, answered by librdkafka's mock cluster and by us, and compared field by field. Where they may differ is
/// listed with the reason, and a difference that no longer occurs fails the test as well.
/// </summary>
[Collection(GatewayCollection.Name)]
public sealed class DifferentialTests(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>A case (or <c>*</c>), the fields, and why they differ.</summary>
    private static readonly (string Case, string Fields, string Reason)[] s_exceptions =
    [
        ("*", @"(NodeId|Host|Port|ClusterId|ControllerId|TopicId|LeaderId|ReplicaNodes\[0\]|IsrNodes\[0\])$", "every cluster has its own"),
        ("versions", @"^ApiKeys", "each serves what it serves; that requests are understood in the advertised versions is what the other cases show"),
        ("metadata", @"LeaderEpoch$", "of a partition that is not open we tell no epoch, since a client holds on to the largest that it heard of"),
        ("produce", @"v5 unreadable", "the reference leaves LogStartOffset out in version 5, where it begins"),
        ("produce", @"LogAppendTimeMs$", "the reference invents 1234; a topic with the producers' timestamps has none, which is -1"),
        ("produce, no", @"ErrorMessage$", "we say why"),
        ("fetch", @"AbortedTransactions", "null is what a reader of everything gets, by the protocol; the reference sends an empty list"),
        ("offsets, latest", @"LeaderEpoch$", "we know the epoch of the end"),
        ("producer id", @"ProducerId$", "each hands out its own"),
        ("epoch end", @"EndOffset$", "the reference knows epochs only by records, and the partition has none; an epoch without records ends where it began"),
    ];

    private readonly Comparison _comparison = new(s_exceptions);
    private Gateway _gateway = null!;
    private ReferenceCluster _reference = null!;
    private RawClient _ours = null!;
    private RawClient _theirs = null!;

    public async Task InitializeAsync()
    {
        _gateway = await Gateway.StartAsync();
        _reference = await ReferenceCluster.StartAsync();
        _ours = await RawClient.ConnectAsync(_gateway.Port);
        _theirs = await RawClient.ConnectAsync(_reference.Port);
    }

    public async Task DisposeAsync()
    {
        _ours.Dispose();
        _theirs.Dispose();
        _reference.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task The_reference_answers_the_same()
    {
        await CompareAsync<ApiVersionsRequest, ApiVersionsResponse>("versions", _ => new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" });
        await CompareMetadataAsync();
        await CompareProduceAsync();
        await CompareFetchAsync();
        await CompareListOffsetsAsync();
        await CompareAsync<InitProducerIdRequest, InitProducerIdResponse>("producer id", _ => new() { TransactionTimeoutMs = 1000 });
        await CompareAsync<FindCoordinatorRequest, FindCoordinatorResponse>("coordinator", _ => new() { Key = "group", CoordinatorKeys = ["group"] });
        await CompareAsync<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(
            "epoch end", version => new() { Topics = [new() { Name = TopicOf<ProduceRequest>(9), Partitions = [new() { LeaderEpoch = 0 }] }] });

        output.WriteLine($"{_comparison.Answers} answers compared.");
        _comparison.AssertEqual();
    }

    private async Task CompareMetadataAsync()
    {
        await CompareAsync<MetadataRequest, MetadataResponse>("metadata, created", version => new() { Topics = [new() { Name = $"created-{version}" }] });
        await CompareAsync<MetadataRequest, MetadataResponse>("metadata, known", version => new() { Topics = [new() { Name = $"created-{version}" }] });
        await CompareAsync<MetadataRequest, MetadataResponse>(
            "metadata, unknown", _ => new() { Topics = [new() { Name = "unknown" }], AllowAutoTopicCreation = false }, fromVersion: 4);
        await CompareAsync<MetadataRequest, MetadataResponse>("metadata, no topic", _ => new() { Topics = [] }, fromVersion: 1);
    }

    private async Task CompareProduceAsync()
    {
        await CreateTopicsAsync<ProduceRequest>();
        var batch = TestBatch.Of(100);
        for (var round = 0; round < 3; round++)
        {
            await CompareAsync<ProduceRequest, ProduceResponse>($"produce, {round}", version => Produce(TopicOf<ProduceRequest>(version), 1, batch));
        }

        await CompareAsync<ProduceRequest, ProduceResponse>("produce, no partition", version => Produce(TopicOf<ProduceRequest>(version), 99, batch));
        await CompareAsync<ProduceRequest, ProduceResponse>("produce, no topic", _ => Produce("nowhere", 0, batch));
    }

    private async Task CompareFetchAsync()
    {
        await CreateTopicsAsync<FetchRequest>();
        var batch = TestBatch.Of(200);
        foreach (var client in new[] { _ours, _theirs })
        {
            for (var version = ProduceRequest.Api.MinVersion; version <= FetchRequest.Api.MaxVersion; version++)
            {
                await client.AskAsync<ProduceRequest, ProduceResponse>(Produce(TopicOf<FetchRequest>(version), 0, batch), 7);
            }
        }

        await CompareAsync<FetchRequest, FetchResponse>("fetch, records", version => Fetch(TopicOf<FetchRequest>(version), 0, 0), toVersion: 12);
        await CompareAsync<FetchRequest, FetchResponse>("fetch, end", version => Fetch(TopicOf<FetchRequest>(version), 0, 1), toVersion: 12);
        await CompareAsync<FetchRequest, FetchResponse>("fetch, beyond", version => Fetch(TopicOf<FetchRequest>(version), 0, 100), toVersion: 12);
        await CompareAsync<FetchRequest, FetchResponse>("fetch, no partition", version => Fetch(TopicOf<FetchRequest>(version), 99, 0), toVersion: 12);
        await CompareAsync<FetchRequest, FetchResponse>("fetch, no topic", _ => Fetch("nowhere", 0, 0), toVersion: 12);
    }

    private async Task CompareListOffsetsAsync()
    {
        (string Name, long Timestamp)[] cases = [("latest", -1), ("earliest", -2)];
        foreach (var (name, timestamp) in cases)
        {
            await CompareAsync<ListOffsetsRequest, ListOffsetsResponse>($"offsets, {name}", _ => ListOffsets(TopicOf<FetchRequest>(9), 0, timestamp));
        }

        await CompareAsync<ListOffsetsRequest, ListOffsetsResponse>("offsets, no partition", _ => ListOffsets(TopicOf<FetchRequest>(9), 99, -1));
        await CompareAsync<ListOffsetsRequest, ListOffsetsResponse>("offsets, no topic", _ => ListOffsets("nowhere", 0, -1));
    }

    /// <summary>Asks both in every version that both have, and notes how their answers differ.</summary>
    private async Task CompareAsync<TRequest, TResponse>(string name, Func<short, TRequest> request, short fromVersion = 0, short toVersion = short.MaxValue)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        var (from, to) = _reference.VersionsInCommon(TRequest.Api);
        (from, to) = (Math.Max(from, fromVersion), Math.Min(to, toVersion));
        Assert.True(from <= to, $"{name}: no version in common.");
        for (var version = from; version <= to; version++)
        {
            var ours = await _ours.AskAsync<TRequest, TResponse>(request(version), version);
            await _comparison.CompareAsync<TRequest, TResponse>(name, version, ours, _theirs, request(version));
        }
    }

    /// <summary>A topic for each version, in both clusters.</summary>
    private async Task CreateTopicsAsync<TRequest>()
        where TRequest : class, IKafkaMessage<TRequest>
    {
        foreach (var client in new[] { _ours, _theirs })
        {
            var names = Enumerable.Range(0, TRequest.Api.MaxVersion + 1).Select(version => new MetadataRequest.WantedTopic { Name = TopicOf<TRequest>((short)version) });
            await client.AskAsync<MetadataRequest, MetadataResponse>(new() { Topics = [.. names] }, 4);
        }
    }

    private static string TopicOf<TRequest>(short version)
        where TRequest : class, IKafkaMessage<TRequest> => $"{TRequest.Api.Key}-{version}";

    private static ProduceRequest Produce(string topic, int partition, byte[] batch) =>
        new() { Acks = -1, TimeoutMs = 1000, Topics = [new() { Name = topic, Partitions = [new() { Index = partition, Records = batch }] }] };

    private static FetchRequest Fetch(string topic, int partition, long offset) => new()
    {
        MinBytes = 1,
        MaxBytes = 1024 * 1024,
        Topics = [new() { Name = topic, Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = 1024 * 1024 }] }],
    };

    private static ListOffsetsRequest ListOffsets(string topic, int partition, long timestamp) =>
        new() { ReplicaId = -1, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = timestamp }] }] };
}
