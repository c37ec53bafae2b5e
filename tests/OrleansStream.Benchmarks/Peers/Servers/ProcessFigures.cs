using System.Diagnostics;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>What the kernel knows about a process.</summary>
internal static class ProcessFigures
{
    /// <summary>CPU seconds used so far, user and kernel.</summary>
    public static double CpuSeconds(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime.TotalSeconds;
    }

    /// <summary>Resident memory in bytes.</summary>
    public static double ResidentBytes(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.WorkingSet64;
    }
}
