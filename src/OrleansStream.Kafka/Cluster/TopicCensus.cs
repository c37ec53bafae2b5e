using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Cluster;

/// <summary>
/// Counts all topics, for clients that ask for every one of them. Those who ask while a census is being taken share the next one, since the one
/// under way may have passed what they know of. So at most two are taken for however many who ask at once. Safe for concurrent use.
/// </summary>
internal sealed class TopicCensus(ICatalog catalog)
{
    private const int PageSize = 1000;

    private readonly Lock _lock = new();
    private Task<IReadOnlyList<TopicEntry>>? _current;
    private Task<IReadOnlyList<TopicEntry>>? _next;

    /// <summary>All topics that there were at some moment between the call and its end, by name.</summary>
    public Task<IReadOnlyList<TopicEntry>> TakeAsync(CancellationToken cancellationToken)
    {
        Task<IReadOnlyList<TopicEntry>> census;
        lock (_lock)
        {
            // Nobody's token ends a census: others wait for it too.
            census = _current is null ? _current = RunAsync(null) : _next ??= RunAsync(_current);
        }

        return census.WaitAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<TopicEntry>> RunAsync(Task? before)
    {
        // Away from the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (before is not null)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            return await CountAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _current = _next;
                _next = null;
            }
        }
    }

    private async Task<IReadOnlyList<TopicEntry>> CountAsync()
    {
        var found = new List<TopicEntry>();
        string? after = null;
        while (true)
        {
            var page = await catalog.ListTopicsAsync("", after, PageSize, CancellationToken.None).ConfigureAwait(false);
            found.AddRange(page.Select(TopicEntry.Of));
            if (page.Count < PageSize)
            {
                return found;
            }

            after = page[^1].Name;
        }
    }
}

/// <summary>What a list of topics says of one, found or not.</summary>
/// <param name="Name">The name; null for one that was asked for by an id that there is not.</param>
/// <param name="TopicId">The id; empty for one that was asked for by a name that there is not.</param>
/// <param name="PartitionCount">The number of its partitions.</param>
/// <param name="Error">Why there is none.</param>
internal readonly record struct TopicEntry(string? Name, Guid TopicId, int PartitionCount, ErrorCode Error)
{
    public static TopicEntry Of(TopicDescription topic) => new(topic.Name, topic.TopicId, topic.PartitionCount, ErrorCode.None);
}
