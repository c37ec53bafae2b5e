using System.Diagnostics;
using System.Runtime.InteropServices;
using HdrHistogram;

namespace OrleansStream.Benchmarks.Peers.Clients;

/// <summary>
/// The open loop: bursts that are due at fixed moments, a thousand a second at most, whatever became of those before. A burst that is
/// sent late keeps the moment it was due at, so that waiting is measured and not left out.
/// </summary>
internal sealed partial class Schedule(double rate, TimeSpan duration)
{
    private const int MonotonicClock = 1;
    private const int AbsoluteTime = 1;
    private const double MaxBurstsPerSecond = 1000;

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1);

    private readonly double _bursts = Math.Min(MaxBurstsPerSecond, rate);
    private long _start;

    /// <summary>How many records are sent in all, those of the warm-up among them.</summary>
    public long Records => UpTo(Bursts);

    /// <summary>From when on records are measured, in ticks of the stopwatch; those before warm up.</summary>
    public long MeasuredFrom => _start + (long)(s_warmUp.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Room for a minute, three digits.</summary>
    public static LongConcurrentHistogram NewHistogram() => new(1, 60 * Stopwatch.Frequency, 3);

    /// <summary>Records what took from <paramref name="due"/> until now, unless it belongs to the warm-up.</summary>
    public void Record(HistogramBase histogram, long due)
    {
        if (due >= MeasuredFrom)
        {
            histogram.RecordValue(Math.Max(1, Stopwatch.GetTimestamp() - due));
        }
    }

    /// <summary>Runs on a thread of its own until the time is up.</summary>
    /// <param name="send">Gets the moment that a burst was due, and how many records it has.</param>
    public Task RunAsync(Action<long, int> send) => Task.Factory.StartNew(() => Run(send), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private long Bursts => (long)((s_warmUp + duration).TotalSeconds * _bursts);

    private long UpTo(long burst) => (long)(burst / _bursts * rate);

    private void Run(Action<long, int> send)
    {
        _start = Stopwatch.GetTimestamp();
        for (var burst = 0L; burst < Bursts; burst++)
        {
            var due = _start + (long)(burst / _bursts * Stopwatch.Frequency);
            WaitUntil(due);
            send(due, (int)(UpTo(burst + 1) - UpTo(burst)));
        }
    }

    /// <summary>Sleeps: on a machine with few cores, a thread that spins would take from the server what is measured.</summary>
    private static void WaitUntil(long due)
    {
        if (due <= Stopwatch.GetTimestamp())
        {
            return;
        }

        if (OperatingSystem.IsLinux() && Stopwatch.Frequency == 1_000_000_000)
        {
            var moment = new Moment(due / 1_000_000_000, due % 1_000_000_000);
            while (SleepUntil(MonotonicClock, AbsoluteTime, in moment, 0) != 0)
            {
                // A signal came; the moment stays the same.
            }

            return;
        }

        while (due > Stopwatch.GetTimestamp())
        {
            Thread.Sleep(1);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int SleepUntil(int clock, int flags, in Moment moment, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Moment(long Seconds, long Nanoseconds);
}
