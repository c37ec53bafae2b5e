using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OrleansStream.Dashboard.Watching;

/// <summary>Shared polls of many things of a kind, as the details of groups. Those that nobody looks at are forgotten. Safe for concurrent use.</summary>
internal sealed class KeyedPolls<TKey, T>(
    Func<TKey, T?, CancellationToken, Task<T>> read, TimeSpan interval, TimeProvider time, ILogger logger)
    where TKey : notnull
    where T : class
{
    private const int MaxKept = 200;

    private readonly ConcurrentDictionary<TKey, SharedPoll<T>> _polls = new();

    /// <summary>The poll of one thing, which only reads while somebody subscribes.</summary>
    public SharedPoll<T> Of(TKey key)
    {
        if (_polls.Count > MaxKept)
        {
            foreach (var (other, poll) in _polls)
            {
                if (!poll.IsRunning)
                {
                    _polls.TryRemove(KeyValuePair.Create(other, poll));
                }
            }
        }

        return _polls.GetOrAdd(key, each => new SharedPoll<T>((previous, stop) => read(each, previous, stop), interval, time, logger));
    }
}
