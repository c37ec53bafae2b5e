using OrleansStream.Monitoring;

namespace OrleansStream.Server.Diagnostics;

/// <summary>
/// The silo's totals since it started, for snapshots. Counted per batch or request, never per record; nobody has to listen for
/// them to be right. Safe for concurrent use.
/// </summary>
internal sealed class SiloTotals
{
    private const int LowestError = (int)ErrorCode.Unknown;

    private readonly long[] _ackLatency = new long[LatencyBuckets.Count];
    private readonly long[] _errors = new long[(int)Enum.GetValues<ErrorCode>().Max() - LowestError + 1];
    private long _bytesProduced;
    private long _batchesProduced;
    private long _recordsProduced;
    private long _bytesFetched;
    private int _waitingFetches;

    public void Stored(int bytes, int records)
    {
        Interlocked.Add(ref _bytesProduced, bytes);
        Interlocked.Add(ref _recordsProduced, records);
        Interlocked.Increment(ref _batchesProduced);
    }

    public void HandedOut(long bytes) => Interlocked.Add(ref _bytesFetched, bytes);

    public void Appended(TimeSpan duration) => Interlocked.Increment(ref _ackLatency[LatencyBuckets.IndexOf(duration)]);

    public void Failed(ErrorCode error)
    {
        // Being sent to another silo is how clients find a partition after a move, and no trouble.
        if (error is not (ErrorCode.NotLeaderOrFollower or ErrorCode.None) && (int)error - LowestError < _errors.Length)
        {
            Interlocked.Increment(ref _errors[(int)error - LowestError]);
        }
    }

    public void FetchWaits(int change) => Interlocked.Add(ref _waitingFetches, change);

    public SiloCounters Read(TimeSpan processorTime, long memoryBytes) => new(
        Interlocked.Read(ref _bytesProduced),
        Interlocked.Read(ref _batchesProduced),
        Interlocked.Read(ref _recordsProduced),
        Interlocked.Read(ref _bytesFetched),
        [
            .. Enumerable.Range(0, _errors.Length)
                .Select(at => new ErrorCount((ErrorCode)(at + LowestError), Interlocked.Read(ref _errors[at])))
                .Where(error => error.Count > 0),
        ],
        [.. _ackLatency],
        Volatile.Read(ref _waitingFetches),
        processorTime,
        memoryBytes);
}
