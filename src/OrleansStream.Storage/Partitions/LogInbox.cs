namespace OrleansStream.Storage.Partitions;

/// <summary>
/// What waits for a log's next turn, in the order of arrival, and the promise that at most one turn is under way. Safe for
/// concurrent use.
/// </summary>
/// <remarks>
/// It holds references, never copies, and every entry has a caller who waits for it, so its memory is bounded by whoever bounds
/// the callers; a turn takes out only a bounded number of bytes.
/// </remarks>
internal sealed class LogInbox
{
    private readonly Lock _gate = new();
    private readonly Queue<LogEntry> _entries = new();
    private bool _hasTurn;
    private bool _isClosed;

    /// <summary>Adds an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="needsTurn">True when the caller has to schedule a turn.</param>
    /// <returns>False when the log takes nothing any more.</returns>
    public bool TryPost(LogEntry entry, out bool needsTurn)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                needsTurn = false;
                return false;
            }

            _entries.Enqueue(entry);
            needsTurn = !_hasTurn;
            _hasTurn = true;
            return true;
        }
    }

    /// <summary>Asks for a turn without an entry.</summary>
    /// <returns>True when the caller has to schedule it; false when one is coming that has not begun its end.</returns>
    public bool RequestTurn()
    {
        lock (_gate)
        {
            var needsTurn = !_hasTurn;
            _hasTurn = true;
            return needsTurn;
        }
    }

    /// <summary>Takes out what the next step does: one command, or appends up to a number of bytes and at least one.</summary>
    /// <returns>The command; null when there are appends or nothing.</returns>
    public LogCommand? Take(List<PendingAppend> appends, int maxBytes)
    {
        lock (_gate)
        {
            long bytes = 0;
            while (_entries.TryPeek(out var entry))
            {
                if (entry is LogCommand command)
                {
                    if (appends.Count > 0)
                    {
                        return null;
                    }

                    _entries.Dequeue();
                    if (command.TryClaim())
                    {
                        return command;
                    }

                    continue;
                }

                var append = (PendingAppend)entry;
                bytes += append.Batch.Length;
                if (appends.Count > 0 && bytes > maxBytes)
                {
                    return null;
                }

                _entries.Dequeue();
                if (append.TryClaim())
                {
                    appends.Add(append);
                }
                else
                {
                    bytes -= append.Batch.Length;
                }
            }

            return null;
        }
    }

    /// <summary>A turn is over.</summary>
    /// <param name="wantsAnother">True when there is a reason beside waiting entries.</param>
    /// <returns>True when the next one has to be scheduled.</returns>
    public bool EndTurn(Func<bool> wantsAnother)
    {
        lock (_gate)
        {
            _hasTurn = _entries.Count > 0 || wantsAnother();
            return _hasTurn;
        }
    }

    /// <summary>Takes nothing more, and gives out what is left, to be refused.</summary>
    public LogEntry[] Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            var left = _entries.ToArray();
            _entries.Clear();
            return left;
        }
    }
}
