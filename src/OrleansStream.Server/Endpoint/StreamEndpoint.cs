using Microsoft.Extensions.Logging;
using OrleansStream.Endpoint;
using OrleansStream.Server.Partitions;
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

    public StreamEndpoint(
        GrainId grainId, Silo silo, ILoggerFactory loggerFactory, LocalEndpoint endpoint, PartitionTable table, TopicChanges changes, EndpointAddress address)
        : base(grainId, silo, loggerFactory)
    {
        _endpoint = endpoint;
        _table = table;
        _changes = changes;
        _address = address;
        address.Announce(grainId.Type);
    }

    public Task<ProduceResponse> ProduceAsync(ProduceRequest request) => _endpoint.ProduceAsync(request);

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
}
