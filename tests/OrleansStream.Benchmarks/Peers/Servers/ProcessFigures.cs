using System.Globalization;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>What the kernel knows about a process.</summary>
internal static class ProcessFigures
{
    /// <summary>The clock of <c>/proc/PID/stat</c>, a hundredth of a second on every Linux.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>CPU seconds used so far, user and kernel.</summary>
    public static double CpuSeconds(int processId)
    {
        // The name of the program, in parentheses, may hold blanks; fields are counted from behind it.
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    /// <summary>Resident memory in bytes.</summary>
    public static double ResidentBytes(int processId)
    {
        const string name = "VmRSS:";
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return Number(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim()) * 1024;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
