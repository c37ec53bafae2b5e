using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>The machine: what it is, and how it is brought to rest.</summary>
internal static partial class Machine
{
    /// <summary>Before each measurement: what an earlier one left in the page cache is written, and this process has no garbage.</summary>
    public static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        if (OperatingSystem.IsLinux())
        {
            Sync();
        }
    }

    /// <summary>Facts for the head of the results.</summary>
    public static IReadOnlyDictionary<string, string> Describe(string folder) => new Dictionary<string, string>
    {
        ["processor"] = $"{Processor()}, {Environment.ProcessorCount} cores, shared by server and client",
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB"),
        ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}",
        ["disk"] = $"{FileSystem(folder)}, 4 KiB write + fdatasync {Flush(folder)}",
    };

    private static string Processor()
    {
        const string file = "/proc/cpuinfo";
        var model = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return model?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string FileSystem(string folder)
    {
        var full = Path.GetFullPath(folder);
        var drive = DriveInfo.GetDrives()
            .Where(drive => full.StartsWith(drive.Name, StringComparison.Ordinal))
            .MaxBy(drive => drive.Name.Length);
        return drive?.DriveFormat ?? "unknown file system";
    }

    /// <summary>The latency of a lone durable write, as median and 99th percentile.</summary>
    private static string Flush(string folder)
    {
        const int writes = 300;
        var path = Path.Combine(folder, "flush.probe");
        var times = new double[writes];
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            var block = new byte[4096];
            for (var i = 0; i < writes; i++)
            {
                var start = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, i * block.Length);
                if (!OperatingSystem.IsLinux() || FDataSync(file) != 0)
                {
                    RandomAccess.FlushToDisk(file);
                }

                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }

        File.Delete(path);
        Array.Sort(times);
        return string.Create(CultureInfo.InvariantCulture, $"{times[writes / 2]:0.00} ms (p99 {times[writes * 99 / 100]:0.00} ms)");
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();

    [LibraryImport("libc", EntryPoint = "fdatasync")]
    private static partial int FDataSync(SafeFileHandle file);
}
