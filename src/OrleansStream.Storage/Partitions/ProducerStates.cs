using OrleansStream.Records;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// Recognises repeated and lost batches of idempotent producers (invariant I8). Belongs to the log's turns; not thread-safe.
/// A producer that was silent for a day is forgotten, and above <see cref="MaxProducers"/> the longest silent ones are.
/// </summary>
internal sealed class ProducerStates
{
    /// <summary>The most producers that one partition remembers.</summary>
    public const int MaxProducers = 16_384;

    private static readonly long s_expiryMs = (long)TimeSpan.FromDays(1).TotalMilliseconds;

    private readonly Dictionary<long, ProducerState> _states;
    private readonly List<(long ProducerId, ProducerState? Before)> _undo = [];

    public ProducerStates(IEnumerable<KeyValuePair<long, ProducerState>> states) => _states = new(states);

    /// <summary>The producers by id.</summary>
    public IReadOnlyDictionary<long, ProducerState> States => _states;

    /// <summary>Judges a batch against what its producer sent before, the group at hand included.</summary>
    public ProducerVerdict Check(in RecordBatchHeader header, long nowMs)
    {
        if (header.ProducerId < 0 || !_states.TryGetValue(header.ProducerId, out var state) || nowMs - state.LastSeenMs > s_expiryMs)
        {
            return ProducerVerdict.Accepted;
        }

        if (header.ProducerEpoch < state.ProducerEpoch)
        {
            return ProducerVerdict.Refused(
                ErrorCode.InvalidProducerEpoch,
                $"Producer {header.ProducerId} is at epoch {state.ProducerEpoch} here; the batch carries {header.ProducerEpoch}. Another instance took over.");
        }

        if (header.ProducerEpoch > state.ProducerEpoch)
        {
            return header.BaseSequence == 0 ? ProducerVerdict.Accepted : OutOfOrder(header, 0);
        }

        // Duplicates first: a repeated batch is out of sequence by nature, and must not be refused for that.
        foreach (var batch in state.Batches)
        {
            if (batch.FirstSequence == header.BaseSequence && batch.LastSequence == header.LastSequence)
            {
                return ProducerVerdict.Duplicate(batch.BaseOffset);
            }
        }

        return header.BaseSequence == state.NextSequence ? ProducerVerdict.Accepted : OutOfOrder(header, state.NextSequence);
    }

    /// <summary>A new group begins: <see cref="RollBack"/> returns to this point.</summary>
    public void BeginGroup() => _undo.Clear();

    /// <summary>Remembers a batch that was accepted.</summary>
    public void Record(in RecordBatchHeader header, Offset baseOffset, long nowMs)
    {
        if (header.ProducerId < 0)
        {
            return;
        }

        _states.TryGetValue(header.ProducerId, out var before);
        _undo.Add((header.ProducerId, before));
        var batch = new ProducedBatch(header.BaseSequence, header.LastSequence, baseOffset);
        _states[header.ProducerId] = ProducerState.After(before, header.ProducerEpoch, batch, nowMs);
    }

    /// <summary>Forgets what was recorded since <see cref="BeginGroup"/>, because it was not written.</summary>
    public void RollBack()
    {
        for (var i = _undo.Count - 1; i >= 0; i--)
        {
            var (producerId, before) = _undo[i];
            if (before is null)
            {
                _states.Remove(producerId);
            }
            else
            {
                _states[producerId] = before;
            }
        }

        _undo.Clear();
    }

    /// <summary>
    /// A batch found no room. If nothing is known of its producer, this much is from now on: that batch comes first. Otherwise
    /// the next one, already on its way, would be taken for the beginning, and this one be refused when it is sent again.
    /// </summary>
    public void Await(in RecordBatchHeader header, long nowMs)
    {
        if (header.ProducerId >= 0)
        {
            _states.TryAdd(header.ProducerId, new ProducerState(header.ProducerEpoch, header.BaseSequence, nowMs, []));
        }
    }

    /// <summary>The group was written. Keeps the number of producers bounded.</summary>
    public void EndGroup(long nowMs)
    {
        _undo.Clear();
        if (_states.Count > MaxProducers)
        {
            Forget(nowMs);
        }
    }

    /// <summary>Drops expired producers; if that is not enough, the longest silent ones, an eighth at once so that it stays rare.</summary>
    public void Forget(long nowMs)
    {
        foreach (var (producerId, state) in _states)
        {
            if (nowMs - state.LastSeenMs > s_expiryMs)
            {
                _states.Remove(producerId);
            }
        }

        if (_states.Count > MaxProducers)
        {
            foreach (var producerId in _states.OrderBy(entry => entry.Value.LastSeenMs).Take(MaxProducers / 8).Select(entry => entry.Key).ToArray())
            {
                _states.Remove(producerId);
            }
        }
    }

    private static ProducerVerdict OutOfOrder(in RecordBatchHeader header, int expected) => ProducerVerdict.Refused(
        ErrorCode.OutOfOrderSequenceNumber,
        $"Producer {header.ProducerId} sent sequence {header.BaseSequence} where {expected} comes next: a batch before it is missing.");
}

/// <summary>What to do with a batch.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/> when it is accepted or a duplicate.</param>
/// <param name="DuplicateOf">The offset the batch got when it was first stored; none when it is new.</param>
/// <param name="Message">What to do about the error.</param>
internal readonly record struct ProducerVerdict(ErrorCode Error, Offset DuplicateOf, string? Message)
{
    public static ProducerVerdict Accepted => new(ErrorCode.None, Offset.None, null);

    public static ProducerVerdict Duplicate(Offset offset) => new(ErrorCode.None, offset, null);

    public static ProducerVerdict Refused(ErrorCode error, string message) => new(error, Offset.None, message);
}
