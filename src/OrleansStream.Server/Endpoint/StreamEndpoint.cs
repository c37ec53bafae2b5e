using Microsoft.Extensions.Logging;
using OrleansStream.Endpoint;
using OrleansStream.Monitoring;
using OrleansStream.Placement;
using OrleansStream.Server.Monitoring;
using OrleansStream.Server.Partitions;
using OrleansStream.Server.Placement;
using OrleansStream.Server.Topics;
using OrleansStream.Topics;

namespace OrleansStream.Server.Endpoint;

/// <summary>
/// The door of a silo for the SDK. All its calls start on one single-threaded scheduler, so they only hand over to
/// <see cref="LocalEndpoint"/>, which works elsewhere.
/// </summary>
internal sealed class StreamEndpoint : GrainService, IStreamEndpoint
{
    private readonly LocalEndpoint _endpoint;
    private readonly PartitionTable _table;
    private readonly TopicChanges _changes;
    private readonly EndpointAddress _address;
    private readonly PlacementMap _map;
    private readonly PartitionMover _mover;
    private readonly SiloReporter _reporter;
    private readonly Rehearsal _rehearsal;

    public StreamEndpoint(
        GrainId grainId,
        Silo silo,
        ILoggerFactory loggerFactory,
        LocalEndpoint endpoint,
        PartitionTable table,
        TopicChanges changes,
        EndpointAddress address,
        PlacementMap map,
        PartitionMover mover,
        SiloReporter reporter,
        Rehearsal rehearsal)
        : base(grainId, silo, loggerFactory)
    {
        _endpoint = endpoint;
        _table = table;
        _changes = changes;
        _address = address;
        _map = map;
        _mover = mover;
        _reporter = reporter;
        _rehearsal = rehearsal;
        address.Announce(grainId.Type);
    }

    public Task<ProduceResponse> ProduceAsync(ProduceRequest request) => _endpoint.ProduceAsync(request);

    public Task<bool> IsAppendingAsync(PartitionId partition) => Task.FromResult(_endpoint.IsAppending(partition));

    public Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken cancellationToken) => _endpoint.FetchAsync(request, cancellationToken);

    public Task<FindOffsetResponse> FindOffsetAsync(FindOffsetRequest request) => _endpoint.FindOffsetAsync(request);

    public Task TopicChangedAsync(Guid topicId) => _changes.ApplyAsync(topicId);

    public Task<PartitionDescription[]> DescribeOpenPartitionsAsync(Guid topicId, int first, int count)
    {
        var found = new List<PartitionDescription>();
        var end = Math.Min(first + (long)count, ProtocolLimits.MaxPartitionsPerTopic);
        for (var number = Math.Max(0, first); number < end; number++)
        {
            if (_table.TryFind(new PartitionId(topicId, number), out var partition))
            {
                found.Add(_address.Describe(partition));
            }
        }

        return Task.FromResult(found.ToArray());
    }

    public Task<int> CountOpenPartitionsAsync() => Task.FromResult(_table.Count);

    public Task<OpenPartition[]> ListOpenPartitionsAsync(int limit) => Task.FromResult(_table.All()
        .Select(partition => new OpenPartition(partition.Id, partition.LeaderEpoch))
        .OrderBy(open => open.Partition.TopicId).ThenBy(open => open.Partition.Partition)
        .Take(limit).ToArray());

    public Task<SiloReport> ReportAsync(int limit) => Task.FromResult(_reporter.Report(limit));

    public Task PrepareToOpenAsync(PartitionId partition) => _rehearsal.PrepareAsync(partition);

    public Task PlacementChangedAsync() => _mover.LoadOverridesAsync(CancellationToken.None);

    public Task SiloStoppingAsync(SiloAddress silo)
    {
        _map.NoteStopping(silo);
        return Task.CompletedTask;
    }
}
