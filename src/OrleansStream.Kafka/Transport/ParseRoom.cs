namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Bounds the memory that requests become when they are read. A few KiB are counted with each request's bytes; what goes beyond is taken here,
/// while the request is read, from a room that all connections share. A request that finds no room is thrown away half read, waits for
/// its turn, and is read again with all the room that it may need, so that nobody waits with anything in hand. One per connection; used by one thread
/// at a time.
/// </summary>
internal sealed class ParseRoom(ByteGate gate)
{
    /// <summary>What every request may become without asking for room: the usual ones have some hundred bytes to a few thousand.</summary>
    public const int FreeBytes = 4 * 1024;

    /// <summary>The most that one request may become: lists of a hundred thousand names or partitions.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    private const int StepBytes = 64 * 1024;

    private long _taken;

    /// <summary>Sees to it that there is room for what a request has become so far.</summary>
    /// <returns>Up to which size there is room now.</returns>
    /// <exception cref="KafkaProtocolException">The request becomes larger than any may.</exception>
    /// <exception cref="NoRoomException">There is no room now.</exception>
    public long Cover(long made)
    {
        if (made > MaxBytes)
        {
            throw new KafkaProtocolException($"The request takes more than {MaxBytes} bytes of memory; ask for less at a time.");
        }

        var missing = made - FreeBytes - _taken;
        if (missing > 0)
        {
            var step = Math.Min(Math.Max(missing, StepBytes), MaxBytes - _taken);
            if (!gate.TryTake(step))
            {
                Release();
                throw new NoRoomException();
            }

            _taken += step;
        }

        return FreeBytes + _taken;
    }

    /// <summary>Waits until there is room for the largest request.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await gate.TakeAsync(MaxBytes, cancellationToken).ConfigureAwait(false);
        _taken = MaxBytes;
    }

    /// <summary>The request was read, and keeps what it takes until it is over.</summary>
    /// <returns>Gives the room back; null when it takes none.</returns>
    public IDisposable? Settle(long made)
    {
        var kept = Math.Max(0, made - FreeBytes);
        var excess = _taken - kept;
        _taken = 0;
        if (excess > 0)
        {
            gate.Return(excess);
        }

        return kept > 0 ? new RoomLease(gate, kept) : null;
    }

    /// <summary>The request was not read to its end.</summary>
    public void Release()
    {
        if (_taken > 0)
        {
            gate.Return(_taken);
            _taken = 0;
        }
    }

    /// <summary>There is no room at this moment.</summary>
    public sealed class NoRoomException : Exception;
}
