using OrleansStream.Records;
using OrleansStream.Storage.Contract;
using Xunit.Sdk;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// What must be true of a log whatever happens to it: remembers what was sent, acknowledged and seen, and compares (invariants
/// I1, I2, I4, I5, I6 and I8).
/// </summary>
internal sealed class LogModel
{
    private readonly Dictionary<long, SentBatch> _sent = [];
    private readonly SortedList<long, SentBatch> _known = [];
    private LeaderEpoch _lastEpoch = LeaderEpoch.None;

    /// <summary>The log start lies between these: the last one that was confirmed and the largest that was asked for.</summary>
    public (Offset Min, Offset Max) LogStart { get; private set; } = (Offset.Zero, Offset.Zero);

    /// <summary>Where the known, durable part of the log ends.</summary>
    public Offset KnownEnd { get; private set; } = Offset.Zero;

    public int Checks { get; private set; }

    public void Sent(SentBatch batch) => _sent.Add(batch.Id, batch);

    /// <summary>A batch was acknowledged.</summary>
    public void Acknowledged(SentBatch batch, Offset offset)
    {
        Require(batch.StoredAt is null || batch.StoredAt == offset, $"I8: batch {batch.Id} was at {batch.StoredAt} and is acknowledged at {offset}");
        Require(
            !_known.TryGetValue(offset.Value, out var other) || other == batch,
            $"I2: offset {offset} is acknowledged for batch {batch.Id} and belongs to another one");
        batch.StoredAt = offset;
        _known[offset.Value] = batch;
        KnownEnd = Max(KnownEnd, offset + batch.Records);
    }

    /// <summary>The log start may move up to here from now on.</summary>
    public void MayTrim(Offset to) => LogStart = (LogStart.Min, Max(LogStart.Max, to));

    /// <summary>The log start was seen.</summary>
    public void Trimmed(Offset to)
    {
        Require(to >= LogStart.Min && to <= LogStart.Max, $"the log starts at {to}, expected between {LogStart.Min} and {LogStart.Max}");
        LogStart = (to, LogStart.Max);
    }

    /// <summary>A power loss without flushes: from here on the log may have ended.</summary>
    public void MayLose(Offset from)
    {
        foreach (var offset in _known.Keys.Where(offset => offset >= from.Value).ToArray())
        {
            _known[offset].StoredAt = null;
            _known.Remove(offset);
        }

        KnownEnd = _known.Count == 0 ? LogStart.Min : new Offset(_known.Keys[^1] + _known.Values[^1].Records);
    }

    /// <summary>Compares everything that a freshly opened log shows.</summary>
    public async Task CheckAsync(IPartitionLog log, bool isNewOpening)
    {
        Checks++;
        if (isNewOpening)
        {
            Require(log.LeaderEpoch > _lastEpoch, $"I4: epoch {log.LeaderEpoch} after {_lastEpoch}");
            _lastEpoch = log.LeaderEpoch;
        }

        var offsets = log.Offsets;
        Trimmed(offsets.LogStart);
        Require(offsets.HighWatermark >= KnownEnd, $"I5: the high watermark is {offsets.HighWatermark}, acknowledged up to {KnownEnd}");
        var batches = await log.ReadBatchesAsync(offsets.LogStart, maxBytes: 700);
        CheckBatches(batches, offsets);
        foreach (var (offset, batch) in _known)
        {
            Require(
                offset + batch.Records <= offsets.LogStart.Value || batches.Any(stored => new RecordBatchHeader(stored).BaseOffset == offset),
                $"I5: batch {batch.Id} was acknowledged at {offset} and is gone");
        }

        foreach (var stored in batches)
        {
            Acknowledged(_sent[new RecordBatchHeader(stored).MaxTimestamp], new Offset(new RecordBatchHeader(stored).BaseOffset));
        }

        await CheckLookupsAsync(log, batches);
    }

    private void CheckBatches(List<byte[]> batches, LogOffsets offsets)
    {
        var next = offsets.LogStart.Value;
        var epoch = LeaderEpoch.None;
        var producers = new Dictionary<long, (short Epoch, int Sequence)>();
        foreach (var stored in batches)
        {
            var header = new RecordBatchHeader(stored);
            var isFirst = stored == batches[0];
            Require(isFirst ? header.BaseOffset <= next && next <= header.LastOffset : header.BaseOffset == next, $"I2: a gap before {header.BaseOffset}, {next} expected");
            Require(_sent.TryGetValue(header.MaxTimestamp, out var sent), $"a batch at {header.BaseOffset} that nobody sent");
            Require(
                stored.AsSpan(RecordBatchFormat.PrefixBytes).SequenceEqual(sent!.Bytes.AsSpan(RecordBatchFormat.PrefixBytes)),
                $"batch {sent.Id} at {header.BaseOffset} was changed");
            Require(sent.StoredAt is null || sent.StoredAt.Value.Value == header.BaseOffset, $"I8: batch {sent.Id} is at {sent.StoredAt} and again at {header.BaseOffset}");
            Require(
                header.LeaderEpoch >= epoch.Value && header.LeaderEpoch <= _lastEpoch.Value,
                $"I4: epoch {header.LeaderEpoch} at {header.BaseOffset} after {epoch}");
            if (header.ProducerId >= 0)
            {
                Require(
                    !producers.TryGetValue(header.ProducerId, out var last)
                        || (header.ProducerEpoch, header.BaseSequence) == (last.Epoch, last.Sequence + 1) || (header.ProducerEpoch > last.Epoch && header.BaseSequence == 0),
                    $"I8: producer {header.ProducerId} has sequence {header.BaseSequence} at {header.BaseOffset} after {last}");
                producers[header.ProducerId] = (header.ProducerEpoch, header.LastSequence);
            }

            sent.StoredAt = new Offset(header.BaseOffset);
            epoch = new LeaderEpoch(header.LeaderEpoch);
            next = header.LastOffset + 1;
        }

        Require(next == offsets.HighWatermark.Value, $"the batches end at {next}, the high watermark is {offsets.HighWatermark}");
    }

    private static async Task CheckLookupsAsync(IPartitionLog log, List<byte[]> batches)
    {
        if (batches.Count == 0)
        {
            return;
        }

        // Times are not in the order of offsets: what was sent earlier may be stored later.
        var timestamp = new RecordBatchHeader(batches[batches.Count / 2]).MaxTimestamp;
        var expected = batches.Select(stored => (Id: new RecordBatchHeader(stored).MaxTimestamp, new RecordBatchHeader(stored).BaseOffset)).First(stored => stored.Id >= timestamp);
        var found = await log.FindOffsetAsync(timestamp, CancellationToken.None);
        var expectedOffset = Math.Max(expected.BaseOffset, log.Offsets.LogStart.Value);
        Require(
            found == new TimestampedOffset(new Offset(expectedOffset), expected.Id),
            $"time {timestamp} was found at {found}, expected at {expectedOffset}");

        var epoch = new LeaderEpoch(new RecordBatchHeader(batches[0]).LeaderEpoch);
        var end = batches.Where(stored => new RecordBatchHeader(stored).LeaderEpoch == epoch.Value).Max(stored => new RecordBatchHeader(stored).LastOffset) + 1;
        Require(log.FindEpochEnd(epoch) == (epoch, new Offset(end)), $"epoch {epoch} ends at {log.FindEpochEnd(epoch)}, expected {end}");
    }

    private static Offset Max(Offset left, Offset right) => left > right ? left : right;

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new XunitException(message);
        }
    }
}
