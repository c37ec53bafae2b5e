namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// How far the loop has come in a partition. Only the loop's thread moves it on; anybody may read it. A seek puts a new
/// instance in its place, so a loop that is just moving on moves nobody.
/// </summary>
internal sealed class PartitionProgress
{
    private long _position = Offset.None.Value;
    private long _done = Offset.None.Value;
    private int _epoch = LeaderEpoch.None.Value;
    private int _doneEpoch = LeaderEpoch.None.Value;

    /// <summary>Not known yet.</summary>
    public PartitionProgress()
    {
    }

    public PartitionProgress(Offset position) => _position = _done = position.Value;

    /// <summary>The offset that is read next; none before it is known.</summary>
    public Offset Position => new(Volatile.Read(ref _position));

    /// <summary>Every record before it is done; this is what may be committed.</summary>
    public Offset Done => new(Volatile.Read(ref _done));

    /// <summary>The epoch of the last record done, when it is known.</summary>
    public LeaderEpoch DoneEpoch => new(Volatile.Read(ref _doneEpoch));

    /// <summary>The epoch of the records that are being read; for the loop's thread.</summary>
    public LeaderEpoch Epoch => new(_epoch);

    /// <summary>The loop was given records up to this offset; they are not done yet.</summary>
    public void Yield(Offset last) => Volatile.Write(ref _position, last.Value + 1);

    /// <summary>The records that follow are of this epoch.</summary>
    public void Enter(LeaderEpoch epoch) => _epoch = epoch.Value;

    /// <summary>Nothing lies between the position and <paramref name="offset"/>.</summary>
    public void SkipTo(Offset offset)
    {
        if (offset.Value > _position)
        {
            Volatile.Write(ref _position, offset.Value);
        }
    }

    /// <summary>The loop asked for more, so everything it was given is done.</summary>
    public void MarkDone()
    {
        _doneEpoch = _epoch;
        Volatile.Write(ref _done, _position);
    }
}
