using System.Collections.Immutable;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// Which leader epoch wrote from which offset on; epochs that wrote nothing are left out. Changed by the log's turns, read by
/// anybody.
/// </summary>
internal sealed class LeaderEpochHistory
{
    // A struct around one reference: reading and replacing it is atomic.
    private ImmutableArray<EpochStart> _starts;

    public LeaderEpochHistory(IEnumerable<EpochStart> starts) => _starts = [.. starts];

    /// <summary>The epochs, oldest first.</summary>
    public ImmutableArray<EpochStart> Starts => _starts;

    /// <summary>The youngest epoch that wrote something.</summary>
    public LeaderEpoch Latest => _starts.IsEmpty ? LeaderEpoch.None : _starts[^1].Epoch;

    /// <summary>A batch of <paramref name="epoch"/> was stored at <paramref name="offset"/>.</summary>
    /// <exception cref="InvalidOperationException">The epoch is older than the latest one (invariant I4).</exception>
    public void Record(LeaderEpoch epoch, Offset offset)
    {
        if (epoch == Latest)
        {
            return;
        }

        if (epoch < Latest)
        {
            throw new InvalidOperationException($"I4 broken: epoch {epoch} wrote offset {offset} after epoch {Latest}.");
        }

        _starts = _starts.Add(new EpochStart(epoch, offset));
    }

    /// <summary>Forgets what lies before the log's start; the epoch that wrote there keeps an entry.</summary>
    public void Trim(Offset logStart)
    {
        var kept = _starts.AsSpan();
        while (kept.Length > 1 && kept[1].Start <= logStart)
        {
            kept = kept[1..];
        }

        if (kept.Length != _starts.Length)
        {
            _starts = [.. kept];
        }
    }

    /// <summary>See <see cref="IPartitionLog.FindEpochEnd"/>.</summary>
    public (LeaderEpoch Epoch, Offset EndOffset)? FindEnd(LeaderEpoch epoch, Offset logEnd)
    {
        var starts = _starts;
        for (var i = starts.Length - 1; i >= 0; i--)
        {
            if (starts[i].Epoch <= epoch)
            {
                return (starts[i].Epoch, i + 1 < starts.Length ? starts[i + 1].Start : logEnd);
            }
        }

        return null;
    }
}

/// <summary>The first offset that an epoch wrote.</summary>
internal readonly record struct EpochStart(LeaderEpoch Epoch, Offset Start);
