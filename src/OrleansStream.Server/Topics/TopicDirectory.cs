using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Topics;

/// <summary>
/// The topics that were asked for lately, by name and by id, for edges that look one up with every request. A change of a topic removes it
/// at once on every silo that could be told, and on the others after ten seconds. Safe for concurrent use.
/// </summary>
public sealed class TopicDirectory
{
    private const int MaxTopics = 20_000;

    private static readonly TimeSpan s_trust = TimeSpan.FromSeconds(10);

    private readonly ICatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Entry> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, Entry> _byId = new();
    private long _changes;

    internal TopicDirectory(ICatalog catalog, TimeProvider time)
    {
        _catalog = catalog;
        _time = time;
    }

    /// <summary>Finds a topic by name; null when there is none.</summary>
    /// <exception cref="OrleansStreamException">The catalog cannot be read.</exception>
    public ValueTask<TopicDescription?> FindAsync(string name, CancellationToken cancellationToken) => TryFind(_byName, name, out var topic)
        ? new(topic)
        : ReadAsync(token => _catalog.FindTopicAsync(name, token), cancellationToken);

    /// <summary>Finds a topic by id; null when there is none.</summary>
    /// <exception cref="OrleansStreamException">The catalog cannot be read.</exception>
    public ValueTask<TopicDescription?> FindAsync(Guid topicId, CancellationToken cancellationToken) => TryFind(_byId, topicId, out var topic)
        ? new(topic)
        : ReadAsync(token => _catalog.FindTopicAsync(topicId, token), cancellationToken);

    /// <summary>The catalog has something else by now, or nothing.</summary>
    internal void Forget(Guid topicId)
    {
        // Counted first: a reading that is on its way then knows that what it brings may be old.
        Interlocked.Increment(ref _changes);
        if (_byId.TryRemove(topicId, out var entry))
        {
            _byName.TryRemove(entry.Topic.Name, out _);
        }
    }

    private bool TryFind<TKey>(ConcurrentDictionary<TKey, Entry> entries, TKey key, [NotNullWhen(true)] out TopicDescription? topic)
        where TKey : notnull
    {
        topic = entries.TryGetValue(key, out var entry) && _time.GetElapsedTime(entry.ReadAt) < s_trust ? entry.Topic : null;
        return topic is not null;
    }

    private async ValueTask<TopicDescription?> ReadAsync(
        Func<CancellationToken, ValueTask<TopicDescription?>> read, CancellationToken cancellationToken)
    {
        var changes = Interlocked.Read(ref _changes);
        var entry = await read(cancellationToken) is { } topic ? new Entry(topic, _time.GetTimestamp()) : null;
        if (entry is not null)
        {
            if (_byId.Count >= MaxTopics)
            {
                _byId.Clear();
                _byName.Clear();
            }

            _byId[entry.Topic.TopicId] = entry;
            _byName[entry.Topic.Name] = entry;

            // Looked at after the entry was put in, so that either this sees the change or the change sees the entry.
            if (Interlocked.Read(ref _changes) != changes)
            {
                _byId.TryRemove(entry.Topic.TopicId, out _);
                _byName.TryRemove(entry.Topic.Name, out _);
            }
        }

        return entry?.Topic;
    }

    private sealed record Entry(TopicDescription Topic, long ReadAt);
}
