using System.Runtime.CompilerServices;
using OrleansStream.Client.Connection;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Monitoring;
using OrleansStream.Placement;
using OrleansStream.Topics;

namespace OrleansStream.Client.Administration;

/// <summary>Calls the grains. A change that was repeated because its first outcome was not known counts its own effect as success.</summary>
internal sealed class AdminClient : IAdminClient
{
    private const int PageSize = 1000;
    private const int MaxConcurrentLookups = 32;

    private readonly ClusterConnection _connection;

    public AdminClient(ClusterConnection connection) => _connection = connection;

    private IClusterGrains Grains => _connection.Grains;

    public async Task<TopicDescription> CreateTopicAsync(
        string topic, int partitions, IReadOnlyDictionary<string, string>? configuration = null, CancellationToken cancellationToken = default)
    {
        CheckTopicName(topic);
        var settings = configuration ?? new Dictionary<string, string>();
        var description = await ChangeAsync(
            $"creating topic '{topic}'",
            () => Grains.Topic(topic).CreateAsync(partitions, settings),
            ErrorCode.TopicAlreadyExists,
            () => Grains.Topic(topic).DescribeAsync(),
            cancellationToken).ConfigureAwait(false);
        _connection.Topics.Learn(description);
        return description;
    }

    public Task<TopicDescription> DescribeTopicAsync(string topic, CancellationToken cancellationToken = default) =>
        _connection.Topics.DescribeAsync(topic, cancellationToken);

    public async IAsyncEnumerable<PartitionDescription> DescribePartitionsAsync(
        string topic, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var description = await DescribeTopicAsync(topic, cancellationToken).ConfigureAwait(false);
        for (var first = 0; first < description.PartitionCount; first += PageSize)
        {
            var from = first;
            var page = await _connection.CallAsync(
                $"describing the partitions of '{topic}'",
                () => Grains.Topic(topic).DescribePartitionsAsync(from, PageSize),
                cancellationToken).ConfigureAwait(false);
            foreach (var partition in page)
            {
                yield return partition;
            }
        }
    }

    public IAsyncEnumerable<TopicDescription> ListTopicsAsync(string prefix = "", CancellationToken cancellationToken = default) =>
        PagesAsync("listing topics", after => Grains.Cluster.ListTopicsAsync(prefix, after, PageSize), topic => topic.Name, cancellationToken);

    public async Task<TopicDescription> AlterTopicAsync(
        string topic, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken = default)
    {
        CheckTopicName(topic);
        var description = await OnTopicAsync(topic, _connection.CallAsync(
            $"altering topic '{topic}'", () => Grains.Topic(topic).AlterConfigurationAsync(changes), cancellationToken)).ConfigureAwait(false);
        _connection.Topics.Learn(description);
        return description;
    }

    public async Task<TopicDescription> AddPartitionsAsync(string topic, int totalCount, CancellationToken cancellationToken = default)
    {
        CheckTopicName(topic);
        var description = await OnTopicAsync(topic, ChangeAsync(
            $"adding partitions to '{topic}'",
            () => Grains.Topic(topic).AddPartitionsAsync(totalCount),
            ErrorCode.InvalidPartitions,
            async () => await Grains.Topic(topic).DescribeAsync().ConfigureAwait(false) is { } now && now.PartitionCount == totalCount
                ? now
                : throw new OrleansStreamException(ErrorCode.InvalidPartitions, $"Topic '{topic}' was given another number of partitions meanwhile."),
            cancellationToken)).ConfigureAwait(false);
        _connection.Topics.Learn(description);
        return description;
    }

    public async Task DeleteTopicAsync(string topic, CancellationToken cancellationToken = default)
    {
        CheckTopicName(topic);
        await OnTopicAsync(topic, ChangeAsync(
            $"deleting topic '{topic}'",
            () => ToResultAsync(Grains.Topic(topic).DeleteAsync()),
            ErrorCode.UnknownTopicOrPartition,
            () => Task.FromResult(true),
            cancellationToken)).ConfigureAwait(false);
        _connection.Topics.Forget(topic);
    }

    public async Task<Offset> DeleteRecordsAsync(TopicPartition partition, Offset before, CancellationToken cancellationToken = default)
    {
        var id = await FindPartitionAsync(partition, cancellationToken).ConfigureAwait(false);
        return await _connection.CallAsync(
            $"deleting records of {partition}", () => Grains.Partition(id).DeleteRecordsAsync(before), cancellationToken).ConfigureAwait(false);
    }

    public Task<Offset> FindBeginningAsync(TopicPartition partition, CancellationToken cancellationToken = default) =>
        FindAsync(partition, OffsetPosition.Beginning, 0, cancellationToken);

    public Task<Offset> FindEndAsync(TopicPartition partition, CancellationToken cancellationToken = default) =>
        FindAsync(partition, OffsetPosition.End, 0, cancellationToken);

    public async Task<Offset?> FindOffsetAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellationToken = default) =>
        await FindAsync(partition, OffsetPosition.Timestamp, time.ToUnixTimeMilliseconds(), cancellationToken).ConfigureAwait(false)
            is { HasValue: true } offset ? offset : null;

    public IAsyncEnumerable<GroupListing> ListGroupsAsync(string prefix = "", CancellationToken cancellationToken = default) =>
        PagesAsync("listing groups", after => Grains.Cluster.ListGroupsAsync(prefix, after, PageSize), group => group.GroupId, cancellationToken);

    public Task<GroupDescription> DescribeGroupAsync(string groupId, CancellationToken cancellationToken = default)
    {
        CheckGroupId(groupId);
        return _connection.CallAsync($"describing group '{groupId}'", () => Grains.Group(groupId).DescribeAsync(), cancellationToken);
    }

    public async Task<IReadOnlyDictionary<TopicPartition, TimeSpan>> MeasureLagAsync(GroupDescription group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(group);
        var lags = group.Offsets.Where(partition => partition.Lag == 0).ToDictionary(partition => partition.TopicPartition, _ => TimeSpan.Zero);
        foreach (var chunk in group.Offsets.Where(partition => partition.Lag > 0).Chunk(MaxConcurrentLookups))
        {
            var times = await Task.WhenAll(chunk.Select(partition => FindTimeAsync(partition.TopicPartition, partition.Next, cancellationToken))).ConfigureAwait(false);
            var now = _connection.Time.GetUtcNow();
            for (var at = 0; at < chunk.Length; at++)
            {
                if (times[at] is { } time)
                {
                    lags[chunk[at].TopicPartition] = now > time ? now - time : TimeSpan.Zero;
                }
            }
        }

        return lags;
    }

    public async Task ResetOffsetsAsync(
        string groupId, IReadOnlyCollection<CommittedOffset> offsets, CancellationToken cancellationToken = default)
    {
        CheckGroupId(groupId);
        ArgumentNullException.ThrowIfNull(offsets);
        var all = offsets.ToArray();
        await _connection.CallAsync(
            $"resetting offsets of group '{groupId}'",
            async () => await Grains.Group(groupId).ResetOffsetsAsync(all).ConfigureAwait(false) is { Error: not ErrorCode.None } refused
                ? throw new OrleansStreamException(refused.Error, refused.Message ?? $"Group '{groupId}' refused the offsets: {refused.Error}.")
                : true,
            cancellationToken).ConfigureAwait(false);
    }

    public Task DeleteGroupAsync(string groupId, CancellationToken cancellationToken = default)
    {
        CheckGroupId(groupId);
        return ChangeAsync(
            $"deleting group '{groupId}'",
            () => ToResultAsync(Grains.Group(groupId).DeleteAsync()),
            ErrorCode.GroupIdNotFound,
            () => Task.FromResult(true),
            cancellationToken);
    }

    public Task<ClusterDescription> DescribeClusterAsync(CancellationToken cancellationToken = default) =>
        _connection.CallAsync("describing the cluster", Grains.Cluster.DescribeAsync, cancellationToken);

    public Task<PlacementDescription> DescribePlacementAsync(int limit = 1000, CancellationToken cancellationToken = default) =>
        _connection.CallAsync("describing the placement", () => Grains.Cluster.DescribePlacementAsync(limit), cancellationToken);

    public Task PinPartitionAsync(TopicPartition partition, string silo, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(silo);
        return OnTopicAsync(partition.Topic, _connection.CallAsync(
            $"pinning {partition}", () => ToResultAsync(Grains.Cluster.PinAsync(partition.Topic, partition.Partition, silo)), cancellationToken));
    }

    public Task UnpinPartitionAsync(TopicPartition partition, CancellationToken cancellationToken = default) =>
        OnTopicAsync(partition.Topic, ChangeAsync(
            $"unpinning {partition}",
            () => ToResultAsync(Grains.Cluster.UnpinAsync(partition.Topic, partition.Partition)),
            ErrorCode.InvalidRequest,
            () => Task.FromResult(true),
            cancellationToken));

    public Task DrainSiloAsync(string silo, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(silo);
        return _connection.CallAsync($"draining silo '{silo}'", () => ToResultAsync(Grains.Cluster.DrainAsync(silo)), cancellationToken);
    }

    public Task UndrainSiloAsync(string silo, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(silo);
        return ChangeAsync(
            $"undraining silo '{silo}'",
            () => ToResultAsync(Grains.Cluster.UndrainAsync(silo)),
            ErrorCode.InvalidRequest,
            () => Task.FromResult(true),
            cancellationToken);
    }

    public async IAsyncEnumerable<PartitionMove> ListMovesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long? before = null;
        PartitionMove[] page;
        do
        {
            var last = before;
            page = await _connection.CallAsync("listing moves", () => Grains.Cluster.ListMovesAsync(last, PageSize), cancellationToken).ConfigureAwait(false);
            foreach (var move in page)
            {
                yield return move;
                before = move.Number;
            }
        }
        while (page.Length == PageSize);
    }

    public Task<ClusterSnapshot> SnapshotAsync(int limit = 10_000, CancellationToken cancellationToken = default) =>
        _connection.CallAsync("looking at the cluster", () => Grains.Cluster.SnapshotAsync(limit), cancellationToken);

    public async Task<IReadOnlyList<StorageCheck>> CheckStorageAsync(CancellationToken cancellationToken = default) =>
        await _connection.CallAsync("checking the storage", Grains.Cluster.CheckStorageAsync, cancellationToken).ConfigureAwait(false);

    public async Task<IReadOnlyList<SegmentDescription>> DescribeSegmentsAsync(
        TopicPartition partition, int limit = 1000, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var id = await FindPartitionAsync(partition, cancellationToken).ConfigureAwait(false);
        return await _connection.CallAsync(
            $"describing the segments of {partition}", () => Grains.Partition(id).DescribeSegmentsAsync(limit), cancellationToken).ConfigureAwait(false);
    }

    public async Task<FetchedPartition> FetchAsync(
        TopicPartition partition, Offset offset, int maxBytes, TimeSpan maxWait = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        var id = await FindPartitionAsync(partition, cancellationToken).ConfigureAwait(false);
        return await _connection.FetchAsync(partition, new FetchPartition(id, offset, maxBytes), maxWait, cancellationToken).ConfigureAwait(false);
    }

    public async Task<DateTimeOffset?> FindTimeAsync(TopicPartition partition, Offset offset, CancellationToken cancellationToken = default)
    {
        var id = await FindPartitionAsync(partition, cancellationToken).ConfigureAwait(false);
        try
        {
            var found = await _connection.FindPlaceAsync(
                partition, new FindOffsetRequest(id, OffsetPosition.Record, Offset: offset), cancellationToken).ConfigureAwait(false);
            return found.TimestampMs < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(found.TimestampMs);
        }
        catch (OrleansStreamException outside) when (outside.ErrorCode == ErrorCode.OffsetOutOfRange)
        {
            return null;
        }
    }

    private static void CheckTopicName(string topic)
    {
        if (!TopicName.IsValid(topic, out var problem))
        {
            throw new OrleansStreamException(ErrorCode.InvalidTopic, problem);
        }
    }

    private static void CheckGroupId(string groupId)
    {
        if (string.IsNullOrEmpty(groupId) || groupId.Length > ProtocolLimits.MaxIdLength)
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidGroupId, $"A group's id has 1 to {ProtocolLimits.MaxIdLength} characters; this one has {groupId?.Length ?? 0}.");
        }
    }

    private static async Task<bool> ToResultAsync(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    private async Task<Offset> FindAsync(TopicPartition partition, OffsetPosition position, long timestampMs, CancellationToken cancellationToken)
    {
        var id = await FindPartitionAsync(partition, cancellationToken).ConfigureAwait(false);
        return await _connection.FindAsync(partition, new FindOffsetRequest(id, position, timestampMs), cancellationToken).ConfigureAwait(false);
    }

    private async Task<PartitionId> FindPartitionAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        var description = await DescribeTopicAsync(partition.Topic, cancellationToken).ConfigureAwait(false);
        return partition.Partition >= 0 && partition.Partition < description.PartitionCount
            ? new PartitionId(description.TopicId, partition.Partition)
            : throw new OrleansStreamException(
                ErrorCode.UnknownTopicOrPartition,
                $"Topic '{partition.Topic}' has {description.PartitionCount} partitions, counted from 0; there is no partition {partition.Partition}.");
    }

    private async Task<T> OnTopicAsync<T>(string topic, Task<T> call)
    {
        try
        {
            return await call.ConfigureAwait(false);
        }
        catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.UnknownTopicOrPartition)
        {
            _connection.Topics.Forget(topic);
            throw TopicCache.UnknownTopic(topic, exception);
        }
    }

    /// <summary>Makes a change, repeating it while it fails for a reason that may pass.</summary>
    /// <param name="what">Completes "while …".</param>
    /// <param name="change">The change.</param>
    /// <param name="doneBefore">What the cluster answers when the change had been made before.</param>
    /// <param name="resultOfDone">The result, when it was an earlier attempt of this call that made it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    private Task<T> ChangeAsync<T>(
        string what, Func<Task<T>> change, ErrorCode doneBefore, Func<Task<T>> resultOfDone, CancellationToken cancellationToken)
    {
        var attempts = 0;
        return _connection.CallAsync(what, AttemptAsync, cancellationToken);

        async Task<T> AttemptAsync()
        {
            attempts++;
            try
            {
                return await change().ConfigureAwait(false);
            }
            catch (OrleansStreamException exception) when (attempts > 1 && exception.ErrorCode == doneBefore)
            {
                return await resultOfDone().ConfigureAwait(false);
            }
        }
    }

    private async IAsyncEnumerable<T> PagesAsync<T>(
        string what, Func<string?, Task<T[]>> pageAfter, Func<T, string> nameOf, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        T[] page;
        do
        {
            var last = after;
            page = await _connection.CallAsync(what, () => pageAfter(last), cancellationToken).ConfigureAwait(false);
            foreach (var item in page)
            {
                yield return item;
                after = nameOf(item);
            }
        }
        while (page.Length == PageSize);
    }
}
