using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using OrleansStream.Topics;

namespace OrleansStream.Client.Connection;

/// <summary>
/// What this client knows of topics. Entries are used for a minute, then renewed in the background while the old one still
/// serves. A topic that does not exist is not remembered. Safe for concurrent use.
/// </summary>
internal sealed class TopicCache
{
    private static readonly TimeSpan s_maxAge = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SharedLookups<string, TopicDescription> _lookups;
    private readonly ClusterConnection _connection;

    public TopicCache(ClusterConnection connection)
    {
        _connection = connection;
        _lookups = new(LookUpAsync, StringComparer.Ordinal);
    }

    /// <summary>The topic's description, from memory if it is there.</summary>
    /// <exception cref="OrleansStreamException">There is no such topic, or the cluster cannot be reached.</exception>
    public ValueTask<TopicDescription> GetAsync(string topic, CancellationToken cancellationToken = default) =>
        TryGet(topic, out var description)
            ? new(description)
            : new(_lookups.FindAsync(topic).WaitAsync(cancellationToken));

    /// <summary>The topic's description if it is in memory; renews it in the background when it is old.</summary>
    public bool TryGet(string topic, [NotNullWhen(true)] out TopicDescription? description)
    {
        if (!_entries.TryGetValue(topic, out var entry))
        {
            description = null;
            return false;
        }

        description = entry.Description;
        if (_connection.Time.GetElapsedTime(entry.LoadedAt) > s_maxAge)
        {
            // Failures are answered by the next caller who finds nothing, or by the old entry still serving.
            _lookups.FindAsync(topic).Ignore();
        }

        return true;
    }

    /// <summary>Asks the cluster again, unless somebody else already replaced <paramref name="stale"/>.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="stale">The description that proved wrong; null to ask in any case.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<TopicDescription> RefreshAsync(string topic, TopicDescription? stale = null, CancellationToken cancellationToken = default) =>
        stale is not null && _entries.TryGetValue(topic, out var entry) && !ReferenceEquals(entry.Description, stale)
            ? Task.FromResult(entry.Description)
            : _lookups.FindAsync(topic).WaitAsync(cancellationToken);

    /// <summary>Takes over what another call learned.</summary>
    public void Learn(TopicDescription description) =>
        _entries[description.Name] = new(description, _connection.Time.GetTimestamp());

    /// <summary>Drops what is known of a topic.</summary>
    public void Forget(string topic) => _entries.TryRemove(topic, out _);

    /// <summary>Says what to do about a topic that does not exist.</summary>
    public static OrleansStreamException UnknownTopic(string topic, Exception? cause) => new(
        ErrorCode.UnknownTopicOrPartition,
        $"There is no topic '{topic}'. Create it with `ostream topic create {topic}` or IAdminClient.CreateTopicAsync.",
        cause);

    /// <summary>Asks the cluster, for somebody who waits.</summary>
    /// <exception cref="OrleansStreamException">There is no such topic, or the cluster cannot be reached.</exception>
    public Task<TopicDescription> DescribeAsync(string topic, CancellationToken cancellationToken) =>
        LookUpAsync(topic, (what, call) => _connection.CallAsync(what, call, cancellationToken));

    private Task<TopicDescription> LookUpAsync(string topic) =>
        LookUpAsync(topic, (what, call) => _connection.CallPatientlyAsync(what, call, CancellationToken.None));

    private async Task<TopicDescription> LookUpAsync(string topic, Func<string, Func<Task<TopicDescription>>, Task<TopicDescription>> callAsync)
    {
        if (!TopicName.IsValid(topic, out var problem))
        {
            throw new OrleansStreamException(ErrorCode.InvalidTopic, problem);
        }

        try
        {
            var description = await callAsync($"looking up topic '{topic}'", () => _connection.Grains.Topic(topic).DescribeAsync()).ConfigureAwait(false);
            Learn(description);
            return description;
        }
        catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.UnknownTopicOrPartition)
        {
            Forget(topic);
            throw UnknownTopic(topic, exception);
        }
    }

    private sealed record Entry(TopicDescription Description, long LoadedAt);
}
