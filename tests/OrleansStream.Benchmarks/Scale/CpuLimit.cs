using System.Globalization;

namespace OrleansStream.Benchmarks.Scale;

/// <summary>A control group (version 1) that gives the processes in it, and those that they start, a share of the processors.</summary>
internal sealed class CpuLimit : IDisposable
{
    private const string Root = "/sys/fs/cgroup/cpu";
    private const string Accounts = "/sys/fs/cgroup/cpuacct";

    /// <summary>Short, so that a group that has used up its share does not wait long.</summary>
    private const int PeriodMicroseconds = 20_000;

    private readonly string _folder;
    private readonly string _account;

    /// <param name="name">The group's name, unique on this machine.</param>
    /// <exception cref="InvalidOperationException">Control groups of version 1 are not there, or not ours to make.</exception>
    public CpuLimit(string name)
    {
        _folder = Path.Combine(Root, $"orleansstream-{name}");
        _account = Path.Combine(Accounts, $"orleansstream-{name}");
        try
        {
            Directory.CreateDirectory(_folder);
            Directory.CreateDirectory(_account);
            Write("cpu.cfs_period_us", PeriodMicroseconds);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"Shares of CPU cannot be given here: {Root} has to be a control group of version 1, and this process root.", failure);
        }
    }

    /// <summary>Takes a process in.</summary>
    public void Add(int processId)
    {
        Write("cgroup.procs", processId);
        File.WriteAllText(Path.Combine(_account, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));
    }

    /// <param name="share">Of one processor; null for no limit.</param>
    public void Set(double? share) => Write("cpu.cfs_quota_us", share is { } part ? (int)(part * PeriodMicroseconds) : -1);

    /// <summary>CPU seconds that were used in the group so far.</summary>
    public TimeSpan Used => TimeSpan.FromMilliseconds(
        long.Parse(File.ReadAllText(Path.Combine(_account, "cpuacct.usage")), CultureInfo.InvariantCulture) / 1e6);

    /// <summary>Removes the group, whose processes have to be gone.</summary>
    public void Dispose()
    {
        // An empty group costs nothing, so one whose last process is still on its way out may stay.
        Remove(_folder);
        if (_account != _folder)
        {
            Remove(_account);
        }
    }

    private static void Remove(string folder)
    {
        for (var attempt = 0; Directory.Exists(folder) && attempt < 50; attempt++)
        {
            try
            {
                // Not recursive: the files of a group are the kernel's, and rmdir takes them with it.
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                Thread.Yield();
            }
        }
    }

    private void Write(string file, int value) => File.WriteAllText(Path.Combine(_folder, file), value.ToString(CultureInfo.InvariantCulture));
}
