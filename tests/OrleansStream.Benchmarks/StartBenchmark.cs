using System.Diagnostics;
using System.Globalization;
using OrleansStream.Testing;

namespace OrleansStream.Benchmarks;

/// <summary>How long a test waits for its platform: the first start of a process, which compiles everything, and those that follow.</summary>
internal static class StartBenchmark
{
    private const int WarmStarts = 10;

    public static async Task RunAsync(TextWriter output)
    {
        var first = await StartAsync();
        var warm = new double[WarmStarts];
        for (var i = 0; i < WarmStarts; i++)
        {
            warm[i] = await StartAsync();
        }

        Array.Sort(warm);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"OrleansStreamTestHost.StartAsync, {Environment.ProcessorCount} cores: the first {first:0} ms, {WarmStarts} warm ones {warm[WarmStarts / 2]:0} ms in the median ({warm[0]:0}–{warm[^1]:0})"));
    }

    private static async Task<double> StartAsync()
    {
        var start = Stopwatch.GetTimestamp();
        await using var host = await OrleansStreamTestHost.StartAsync();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
