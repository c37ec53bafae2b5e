using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Consuming.Groups;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Topics;

namespace OrleansStream.Client.Consuming;

/// <summary>Reads every partition of the topics subscribed to, when there is no group to share them with; also those added later.</summary>
internal sealed partial class TopicSubscription
{
    private readonly Dictionary<string, TopicDescription> _known = new(StringComparer.Ordinal);
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions _options;
    private readonly ReadAhead _readAhead;
    private readonly ConsumedPartitions _partitions;
    private readonly PositionFinder _positions;
    private readonly ILogger _logger;

    public TopicSubscription(
        ClusterConnection connection, ConsumerOptions options, ReadAhead readAhead, ConsumedPartitions partitions, PositionFinder positions)
    {
        _connection = connection;
        _options = options;
        _readAhead = readAhead;
        _partitions = partitions;
        _positions = positions;
        _logger = connection.Loggers.CreateLogger<TopicSubscription>();
    }

    /// <summary>Begins with all partitions that there are.</summary>
    /// <exception cref="OrleansStreamException">A topic does not exist.</exception>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var descriptions = new List<TopicDescription>();
        foreach (var topic in _options.Topics)
        {
            descriptions.Add(await _connection.Topics.RefreshAsync(topic, cancellationToken: cancellationToken).ConfigureAwait(false));
        }

        List<ConsumedPartition> added = [.. descriptions.SelectMany(description => PartitionsOf(description, first: 0, position: null))];
        await AddAsync(added, cancellationToken).ConfigureAwait(false);
        descriptions.ForEach(description => _known[description.Name] = description);
    }

    /// <summary>Looks for changes of the topics, until cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.TopicRefreshInterval, _connection.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                foreach (var topic in _options.Topics)
                {
                    await RefreshAsync(topic, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            _readAhead.Fail(exception);
        }
    }

    private async Task RefreshAsync(string topic, CancellationToken cancellationToken)
    {
        TopicDescription description;
        try
        {
            description = await _connection.Topics.RefreshAsync(topic, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (OrleansStreamException exception)
        {
            // A topic that is gone makes itself felt where it is read.
            TopicRefreshFailed(topic, exception.Message);
            return;
        }

        var known = _known[topic];
        if (known.TopicId != description.TopicId)
        {
            var gone = _partitions.All.Where(partition => partition.Id.TopicId == known.TopicId).ToArray();
            _partitions.Shut(gone);
            _partitions.Remove(gone);
        }

        // What was added later is read from its beginning: all of it came after this consumer began.
        var first = known.TopicId == description.TopicId ? known.PartitionCount : 0;
        _known[topic] = description;
        await AddAsync([.. PartitionsOf(description, first, Offset.Zero)], cancellationToken).ConfigureAwait(false);
    }

    private static IEnumerable<ConsumedPartition> PartitionsOf(TopicDescription topic, int first, Offset? position) =>
        Enumerable.Range(first, Math.Max(0, topic.PartitionCount - first)).Select(number =>
            new ConsumedPartition(new TopicPartition(topic.Name, number), new PartitionId(topic.TopicId, number), position));

    private async Task AddAsync(List<ConsumedPartition> added, CancellationToken cancellationToken)
    {
        if (added.Count == 0)
        {
            return;
        }

        _partitions.Add(added);
        if (_options.OnPartitionsAssigned is { } callback)
        {
            await callback([.. added.Select(partition => partition.TopicPartition)], cancellationToken).ConfigureAwait(false);
        }

        _partitions.Open(added);
        _ = _positions.BeginAsync(added, cancellationToken);
    }

    [LoggerMessage(LogEvents.TopicRefreshFailed, LogLevel.Warning, "Topic '{Topic}' could not be looked at for new partitions: {Detail}")]
    private partial void TopicRefreshFailed(string topic, string detail);
}
