using System.Diagnostics.Metrics;
using OrleansStream.Placement;

namespace OrleansStream.Server.Diagnostics;

/// <summary>
/// The meter <c>OrleansStream.Server</c>. Everything is counted per batch or request, never per record. Safe for concurrent use.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    public const string MeterName = "OrleansStream.Server";

    private readonly Meter _meter;
    private readonly Counter<long> _bytesIn;
    private readonly Counter<long> _batchesIn;
    private readonly Counter<long> _bytesOut;
    private readonly Counter<long> _errors;
    private readonly Histogram<double> _appendDuration;
    private readonly UpDownCounter<int> _openPartitions;
    private readonly UpDownCounter<int> _waitingFetches;
    private readonly Counter<long> _moves;
    private readonly Histogram<double> _moveDuration;

    public ServerMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _bytesIn = _meter.CreateCounter<long>("orleansstream.produce.bytes", "By", "Bytes of record batches stored.");
        _batchesIn = _meter.CreateCounter<long>("orleansstream.produce.batches", "{batch}", "Record batches stored.");
        _bytesOut = _meter.CreateCounter<long>("orleansstream.fetch.bytes", "By", "Bytes of record batches handed out.");
        _errors = _meter.CreateCounter<long>("orleansstream.errors", "{error}", "Requests, or partitions of a fetch, answered with an error.");
        _appendDuration = _meter.CreateHistogram<double>("orleansstream.append.duration", "s", "Time from the arrival of a batch to its durability.");
        _openPartitions = _meter.CreateUpDownCounter<int>("orleansstream.partitions.open", "{partition}", "Partitions that the silo has open.");
        _waitingFetches = _meter.CreateUpDownCounter<int>("orleansstream.fetch.waiting", "{request}", "Fetches that wait for records.");
        _moves = _meter.CreateCounter<long>("orleansstream.partition.moves", "{partition}", "Partitions that went from this silo to another, or came here from a dead one.");
        _moveDuration = _meter.CreateHistogram<double>("orleansstream.partition.move.duration", "s", "Time in which nobody served a partition that moved.");
    }

    /// <summary>The same as totals that can be read.</summary>
    public SiloTotals Totals { get; } = new();

    public void Stored(int bytes, int records)
    {
        Totals.Stored(bytes, records);
        _bytesIn.Add(bytes);
        _batchesIn.Add(1);
    }

    public void HandedOut(long bytes)
    {
        Totals.HandedOut(bytes);
        _bytesOut.Add(bytes);
    }

    public void Appended(TimeSpan duration)
    {
        Totals.Appended(duration);
        _appendDuration.Record(duration.TotalSeconds);
    }

    public void Failed(string operation, ErrorCode error)
    {
        Totals.Failed(error);
        if (_errors.Enabled)
        {
            _errors.Add(1, new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("error", error.ToString()));
        }
    }

    public void PartitionMoved(MoveReason reason, TimeSpan unavailable)
    {
        var tag = new KeyValuePair<string, object?>("reason", reason.ToString());
        _moves.Add(1, tag);
        _moveDuration.Record(unavailable.TotalSeconds, tag);
    }

    public void PartitionOpened() => _openPartitions.Add(1);

    public void PartitionClosed() => _openPartitions.Add(-1);

    public void FetchWaits()
    {
        Totals.FetchWaits(1);
        _waitingFetches.Add(1);
    }

    public void FetchWaited()
    {
        Totals.FetchWaits(-1);
        _waitingFetches.Add(-1);
    }

    public void Dispose() => _meter.Dispose();
}
