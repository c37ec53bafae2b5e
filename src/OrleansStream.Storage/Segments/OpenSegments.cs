namespace OrleansStream.Storage.Segments;

/// <summary>
/// Bounds how many segments of all logs of a store are open at once, and with them the indexes in memory: the one unused
/// longest is closed for the next. Segments in use are never closed, so active ones and running reads may exceed the limit.
/// Safe for concurrent use. Locks are taken in the order: this, then a segment.
/// </summary>
internal sealed class OpenSegments(int limit)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Segment> _open = [];
    private long _uses;

    /// <summary>The number of segments that are open.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Numbers the uses of segments, so that the oldest can be told.</summary>
    public long NextUse() => Interlocked.Increment(ref _uses);

    /// <summary>A segment was opened; call it without holding the segment's lock.</summary>
    public void Add(Segment segment)
    {
        lock (_gate)
        {
            _open.Add(segment);
            if (_open.Count <= limit)
            {
                return;
            }

            // A quarter at once, so that sorting stays rare however many are open.
            foreach (var candidate in _open.OrderBy(candidate => candidate.LastUse).Take(Math.Max(1, limit / 4)).ToArray())
            {
                if (candidate != segment && candidate.TryClose())
                {
                    _open.Remove(candidate);
                }
            }
        }
    }

    /// <summary>A segment is gone.</summary>
    public void Remove(Segment segment)
    {
        lock (_gate)
        {
            _open.Remove(segment);
        }
    }
}
