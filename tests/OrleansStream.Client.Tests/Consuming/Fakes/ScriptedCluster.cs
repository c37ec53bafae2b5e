using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Topics;

namespace OrleansStream.Client.Tests.Consuming.Fakes;

/// <summary>
/// A cluster in memory with the topic "orders" and the group "g": what a consumer talks to is real code up to the calls, which
/// end here, so that a test decides when and how each is answered.
/// </summary>
internal sealed class ScriptedCluster : IClusterGrains
{
    private static readonly GrainType s_endpointType = GrainType.Create("endpoint");

    private readonly ConcurrentDictionary<PartitionId, PartitionLeader> _leaders = new();
    private readonly ConcurrentDictionary<SiloAddress, FakeSilo> _silos = new();

    public ScriptedCluster(int partitions, TimeProvider? time = null, int silos = 1)
    {
        Topic = new TopicDescription("orders", Guid.NewGuid(), partitions, new Dictionary<string, string>(), DateTimeOffset.UnixEpoch);
        Silos = [.. Enumerable.Range(0, silos).Select(_ => new FakeSilo())];
        for (var i = 0; i < silos; i++)
        {
            _silos[AddressOf(i)] = Silos[i];
        }

        for (var i = 0; i < partitions; i++)
        {
            Silos[i % silos].Logs[Id(i)] = new FakeLog();
            _leaders[Id(i)] = Leader(i % silos);
        }

        Connection = new ClusterConnection(this, time ?? TimeProvider.System, new Random(1), TimeSpan.FromSeconds(30), NullLoggerFactory.Instance);
    }

    public ClusterConnection Connection { get; }

    public TopicDescription Topic { get; set; }

    public FakeSilo[] Silos { get; }

    public FakeSilo Silo => Silos[0];

    public FakeGroup TheGroup { get; } = new();

    public IClusterGrain Cluster => throw new NotSupportedException();

    public static TopicPartition Name(int partition) => new("orders", partition);

    public PartitionId Id(int partition) => new(Topic.TopicId, partition);

    public AssignedPartition Assigned(int partition) => new(Name(partition), Id(partition));

    public FakeLog Log(int partition) => Silos.Select(silo => silo.Logs.GetValueOrDefault(Id(partition))).First(log => log is not null)!;

    /// <summary>Moves a partition, with its log, to another silo.</summary>
    public void Move(int partition, int from, int to)
    {
        Assert.True(Silos[from].Logs.TryRemove(Id(partition), out var log));
        log.Epoch++;
        Silos[to].Logs[Id(partition)] = log;
        _leaders[Id(partition)] = Leader(to);
    }

    public Consumer<string, string> Member(Func<ConsumerOptions<string, string>, ConsumerOptions<string, string>>? change = null) =>
        Consumer(options => (change ?? (o => o))(options with { GroupId = "g", Topics = ["orders"], AutoCommitInterval = TimeSpan.FromHours(1) }));

    public Consumer<string, string> Consumer(Func<ConsumerOptions<string, string>, ConsumerOptions<string, string>>? change = null) =>
        new(Connection, (change ?? (o => o))(new ConsumerOptions<string, string>()));

    public PartitionLeader Leader(int silo) => new(new LeaderEpoch(0), AddressOf(silo), AddressOf(silo), s_endpointType);

    ITopicGrain IClusterGrains.Topic(string name) => new TopicGrain(this, name);

    IGroupGrain IClusterGrains.Group(string id) => TheGroup;

    IPartitionGrain IClusterGrains.Partition(PartitionId partition) => new PartitionGrain(this, partition);

    IStreamEndpoint IClusterGrains.Endpoint(PartitionLeader leader) => _silos[leader.Silo];

    private static SiloAddress AddressOf(int silo) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 40_000 + silo), 1);

    private sealed class TopicGrain(ScriptedCluster cluster, string name) : ITopicGrain
    {
        public Task<TopicDescription> DescribeAsync() => name == cluster.Topic.Name
            ? Task.FromResult(cluster.Topic)
            : throw new OrleansStreamException(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'.");

        public Task<TopicDescription> CreateAsync(int partitionCount, IReadOnlyDictionary<string, string> configuration) => throw new NotSupportedException();

        public Task<PartitionDescription[]> DescribePartitionsAsync(int first, int count) => throw new NotSupportedException();

        public Task<TopicDescription> AlterConfigurationAsync(IReadOnlyDictionary<string, string?> changes) => throw new NotSupportedException();

        public Task<TopicDescription> AddPartitionsAsync(int totalCount) => throw new NotSupportedException();

        public Task DeleteAsync() => throw new NotSupportedException();
    }

    private sealed class PartitionGrain(ScriptedCluster cluster, PartitionId id) : IPartitionGrain
    {
        public Task<PartitionLeader> GetLeaderAsync() => Task.FromResult(cluster._leaders[id]);

        public async Task<FetchedPartition> FetchAsync(FetchPartition request)
        {
            var silo = cluster.Silos.First(silo => silo.Logs.ContainsKey(id));
            return (await silo.FetchAsync(new FetchRequest([request], 1, request.MaxBytes, TimeSpan.Zero), CancellationToken.None)).Partitions[0];
        }

        public Task<PartitionDescription> DescribeAsync() => throw new NotSupportedException();

        public Task<SegmentDescription[]> DescribeSegmentsAsync(int limit) => throw new NotSupportedException();

        public Task<ProduceResponse> ProduceAsync(ProduceRequest request) => throw new NotSupportedException();

        public Task<Offset> DeleteRecordsAsync(Offset before) => throw new NotSupportedException();
    }
}
