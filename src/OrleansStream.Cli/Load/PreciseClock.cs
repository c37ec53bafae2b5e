using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OrleansStream.Cli.Load;

/// <summary>
/// Waits for a moment to within some 100 microseconds without burning a core. Timers of the runtime are a millisecond coarse, which
/// would be most of what a latency run measures. Blocks its thread, so that thread should have nothing else to do.
/// </summary>
internal static partial class PreciseClock
{
    /// <summary>What the operating system may oversleep; the rest of a wait is spent yielding.</summary>
    private static readonly TimeSpan s_slack = TimeSpan.FromMicroseconds(80);

    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns at a timestamp of <see cref="Stopwatch"/>, or at once when it has passed.</summary>
    public static void SleepUntil(long timestamp, CancellationToken cancellationToken)
    {
        while (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp) is { Ticks: > 0 } left)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (left > s_slack && !OperatingSystem.IsWindows())
            {
                var sleep = left - s_slack < s_longest ? left - s_slack : s_longest;
                var request = new TimeSpec { Nanoseconds = (nint)(sleep.Ticks * TimeSpan.NanosecondsPerTick) };
                _ = NanoSleep(in request, 0);
            }
            else
            {
                Thread.Yield();
            }
        }
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(in TimeSpec request, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
