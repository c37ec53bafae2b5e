namespace OrleansStream.Benchmarks.Ladder;

/// <summary>What every rung of the ladder is given to carry, so that their figures compare.</summary>
/// <param name="Partitions">How many logs or partitions are written side by side.</param>
/// <param name="BatchBytes">The size of a batch.</param>
/// <param name="RecordBytes">The size of a record's value; records have no key.</param>
/// <param name="Duration">How long a run measures, after a warm-up of a fifth of it.</param>
internal sealed record Load(int Partitions, int BatchBytes, int RecordBytes, TimeSpan Duration);

/// <summary>What a run of a rung reached.</summary>
/// <param name="Records">Records acknowledged (or consumed) within the measured time.</param>
/// <param name="Bytes">Their bytes, as batches.</param>
/// <param name="Elapsed">The measured time.</param>
/// <param name="LatencyP50Ms">Half of the acks came within this time of the batch being handed over; NaN where it does not apply.</param>
/// <param name="LatencyP99Ms">Ninety-nine in a hundred did.</param>
/// <param name="AllocatedBytes">Bytes allocated on the managed heap of the measuring process; -1 where the work is done elsewhere.</param>
internal sealed record Measurement(
    long Records, long Bytes, TimeSpan Elapsed, double LatencyP50Ms, double LatencyP99Ms, long AllocatedBytes)
{
    /// <summary>The processor time that the measuring process took; null where that is not told apart.</summary>
    public TimeSpan? ClientCpu { get; init; }

    /// <summary>The processor time that the server's process took; null where there is none.</summary>
    public TimeSpan? ServerCpu { get; init; }

    public double RecordsPerSecond => Records / Elapsed.TotalSeconds;

    public double MegabytesPerSecond => Bytes / 1e6 / Elapsed.TotalSeconds;

    public double AllocatedPerRecord => AllocatedBytes < 0 ? double.NaN : (double)AllocatedBytes / Math.Max(1, Records);

    /// <summary>Seconds of processor time for a million records.</summary>
    public double CpuPerMillion(TimeSpan? cpu) => cpu is { } time ? time.TotalSeconds * 1e6 / Math.Max(1, Records) : double.NaN;
}
