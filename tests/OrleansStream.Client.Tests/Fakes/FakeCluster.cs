using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Producing;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Client.Tests;

/// <summary>
/// A cluster in memory whose every produce request goes through a script, so that a test decides what reaches the log and
/// what comes back. Silos are numbered; silo 1 leads everything at first.
/// </summary>
internal sealed class FakeCluster : IClusterGrains
{
    private readonly ConcurrentDictionary<string, TopicDescription> _topics = new();
    private readonly ConcurrentDictionary<PartitionId, ModelPartition> _partitions = new();
    private readonly ConcurrentDictionary<PartitionId, int> _inFlight = new();
    private readonly ConcurrentQueue<ProduceCall> _calls = new();
    private long _nextProducerId = 1000;
    private int _leaderLookups;

    /// <summary>Answers a produce request; by default the log does.</summary>
    public Func<ProduceCall, Task<ProduceResponse>> OnProduce { get; set; } = call => Task.FromResult(call.Apply());

    /// <summary>Where the grain of a partition says that it lives.</summary>
    public Func<PartitionId, int> LeaderOf { get; set; } = _ => 1;

    /// <summary>What a silo says when it is asked whether it is appending.</summary>
    public Func<PartitionId, bool> IsAppending { get; set; } = _ => true;

    public IReadOnlyList<ProduceCall> Calls => [.. _calls];

    public int LeaderLookups => _leaderLookups;

    /// <summary>The most requests of one partition that were under way at the same time.</summary>
    public int MostInFlight { get; private set; }

    public IClusterGrain Cluster => new FakeClusterGrain(this);

    public ClusterConnection Connect(TimeProvider? time = null, int seed = 1) =>
        new(this, time ?? TimeProvider.System, new Random(seed), TimeSpan.FromSeconds(30), NullLoggerFactory.Instance);

    public IProducer<string, string> CreateProducer(ProducerOptions<string, string>? options = null, TimeProvider? time = null) =>
        new Producer<string, string>(Connect(time), (options ?? new()) with { RetryBackoff = TimeSpan.FromMilliseconds(1) });

    public TopicDescription CreateTopic(string name, int partitions = 1, params (string Name, string Value)[] settings) =>
        _topics[name] = new TopicDescription(
            name, Guid.NewGuid(), partitions, settings.ToDictionary(s => s.Name, s => s.Value), DateTimeOffset.UnixEpoch);

    public void Replace(TopicDescription topic) => _topics[topic.Name] = topic;

    public void DeleteTopic(string name) => _topics.TryRemove(name, out _);

    public ModelPartition Partition(string topic, int partition = 0) => Partition(_topics[topic], partition);

    public ModelPartition Partition(TopicDescription topic, int partition = 0) =>
        _partitions.GetOrAdd(new PartitionId(topic.TopicId, partition), static _ => new());

    public static PartitionLeader Leader(int silo) => new(
        new LeaderEpoch(silo),
        SiloAddress.New(IPAddress.Loopback, 11110 + silo, 1),
        SiloAddress.New(IPAddress.Loopback, 30000 + silo, 0),
        GrainType.Create("endpoint"));

    public ITopicGrain Topic(string name) => new FakeTopicGrain(this, name);

    public IGroupGrain Group(string id) => throw new NotSupportedException();

    IPartitionGrain IClusterGrains.Partition(PartitionId partition) => new FakePartitionGrain(this, partition);

    public IStreamEndpoint Endpoint(PartitionLeader leader) => new FakeEndpoint(this, leader.Silo.Endpoint.Port - 11110);

    private bool Exists(PartitionId partition) =>
        _topics.Values.Any(topic => topic.TopicId == partition.TopicId && partition.Partition < topic.PartitionCount);

    private async Task<ProduceResponse> ProduceAsync(ProduceRequest request, int? silo)
    {
        var call = new ProduceCall(request.Partition, silo, request.Batch.Memory.ToArray(), Append);
        _calls.Enqueue(call);
        lock (_inFlight)
        {
            MostInFlight = Math.Max(MostInFlight, _inFlight.AddOrUpdate(request.Partition, 1, static (_, n) => n + 1));
        }

        try
        {
            return await OnProduce(call).ConfigureAwait(false);
        }
        finally
        {
            _inFlight.AddOrUpdate(request.Partition, 0, static (_, n) => n - 1);
        }
    }

    private ProduceResponse Append(ProduceCall call)
    {
        if (!Exists(call.Partition))
        {
            return new(ErrorCode.UnknownTopicId, Offset.None, Offset.None, "There is no such topic.");
        }

        var (error, offset) = _partitions.GetOrAdd(call.Partition, static _ => new()).Append(call.Bytes);
        return new(error, offset, Offset.Zero, error == ErrorCode.None ? null : $"The log answered {error}.");
    }

    private sealed class FakeClusterGrain(FakeCluster cluster) : IClusterGrain
    {
        public Task<long> AllocateProducerIdAsync() => Task.FromResult(Interlocked.Increment(ref cluster._nextProducerId));

        public Task<ClusterDescription> DescribeAsync() => throw new NotSupportedException();

        public Task<TopicDescription[]> ListTopicsAsync(string prefix, string? after, int limit) => throw new NotSupportedException();

        public Task<Groups.GroupListing[]> ListGroupsAsync(string prefix, string? after, int limit) => throw new NotSupportedException();

        public Task<Placement.PlacementDescription> DescribePlacementAsync(int limit) => throw new NotSupportedException();

        public Task PinAsync(string topic, int partition, string silo) => throw new NotSupportedException();

        public Task UnpinAsync(string topic, int partition) => throw new NotSupportedException();

        public Task DrainAsync(string silo) => throw new NotSupportedException();

        public Task UndrainAsync(string silo) => throw new NotSupportedException();

        public Task<Placement.PartitionMove[]> ListMovesAsync(long? before, int limit) => throw new NotSupportedException();

        public Task<Monitoring.ClusterSnapshot> SnapshotAsync(int limit) => throw new NotSupportedException();

        public Task<Monitoring.StorageCheck[]> CheckStorageAsync() => throw new NotSupportedException();
    }

    private sealed class FakeTopicGrain(FakeCluster cluster, string name) : ITopicGrain
    {
        public async Task<TopicDescription> DescribeAsync()
        {
            await Task.Yield();
            return cluster._topics.TryGetValue(name, out var topic)
                ? topic
                : throw new OrleansStreamException(ErrorCode.UnknownTopicOrPartition, "No such topic.");
        }

        public Task<TopicDescription> CreateAsync(int partitionCount, IReadOnlyDictionary<string, string> configuration) => throw new NotSupportedException();

        public Task<PartitionDescription[]> DescribePartitionsAsync(int first, int count) => throw new NotSupportedException();

        public Task<TopicDescription> AlterConfigurationAsync(IReadOnlyDictionary<string, string?> changes) => throw new NotSupportedException();

        public Task<TopicDescription> AddPartitionsAsync(int totalCount) => throw new NotSupportedException();

        public Task DeleteAsync() => throw new NotSupportedException();
    }

    private sealed class FakePartitionGrain(FakeCluster cluster, PartitionId partition) : IPartitionGrain
    {
        public async Task<PartitionLeader> GetLeaderAsync()
        {
            await Task.Yield();
            Interlocked.Increment(ref cluster._leaderLookups);
            return cluster.Exists(partition)
                ? Leader(cluster.LeaderOf(partition))
                : throw new OrleansStreamException(ErrorCode.UnknownTopicId, "No such topic.");
        }

        public Task<PartitionDescription> DescribeAsync() => throw new NotSupportedException();

        public Task<SegmentDescription[]> DescribeSegmentsAsync(int limit) => throw new NotSupportedException();

        public Task<ProduceResponse> ProduceAsync(ProduceRequest request) => cluster.ProduceAsync(request, silo: null);

        public Task<FetchedPartition> FetchAsync(FetchPartition request) => throw new NotSupportedException();

        public Task<Offset> DeleteRecordsAsync(Offset before) => throw new NotSupportedException();
    }

    private sealed class FakeEndpoint(FakeCluster cluster, int silo) : IStreamEndpoint
    {
        public Task<ProduceResponse> ProduceAsync(ProduceRequest request) => cluster.ProduceAsync(request, silo);

        public Task<bool> IsAppendingAsync(PartitionId partition) => Task.FromResult(cluster.IsAppending(partition));

        public Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<FindOffsetResponse> FindOffsetAsync(FindOffsetRequest request) => throw new NotSupportedException();

        public Task TopicChangedAsync(Guid topicId) => throw new NotSupportedException();

        public Task<PartitionDescription[]> DescribeOpenPartitionsAsync(Guid topicId, int first, int count) => throw new NotSupportedException();

        public Task<int> CountOpenPartitionsAsync() => throw new NotSupportedException();

        public Task<Placement.OpenPartition[]> ListOpenPartitionsAsync(int limit) => throw new NotSupportedException();

        public Task<Monitoring.SiloReport> ReportAsync(int limit) => throw new NotSupportedException();

        public Task PrepareToOpenAsync(PartitionId partition) => throw new NotSupportedException();

        public Task PlacementChangedAsync() => throw new NotSupportedException();

        public Task SiloStoppingAsync(SiloAddress silo) => throw new NotSupportedException();
    }
}

/// <summary>One produce request as it reached a silo.</summary>
internal sealed class ProduceCall(PartitionId partition, int? silo, byte[] bytes, Func<ProduceCall, ProduceResponse> append)
{
    public PartitionId Partition => partition;

    /// <summary>The silo whose endpoint was called; null for the grain.</summary>
    public int? Silo => silo;

    public byte[] Bytes => bytes;

    public RecordBatchHeader Header => new(bytes);

    public IReadOnlyList<string?> Values => [.. RawLog.Decode(bytes).Select(record => record.Value)];

    /// <summary>Lets the log have it, and returns the log's answer.</summary>
    public ProduceResponse Apply() => append(this);

    public static ProduceResponse Answer(ErrorCode error, PartitionLeader? leader = null) =>
        new(error, Offset.None, Offset.None, $"The script answered {error}.", leader);
}
