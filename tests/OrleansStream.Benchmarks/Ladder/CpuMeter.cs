using System.Diagnostics;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>The processor time that this process and a server's take from now on.</summary>
internal sealed class CpuMeter
{
    private readonly Func<TimeSpan>? _server;
    private readonly TimeSpan _clientBefore;
    private readonly TimeSpan _serverBefore;

    /// <param name="server">The processor time of the server so far; null where there is none to be known.</param>
    public CpuMeter(Func<TimeSpan>? server)
    {
        _server = server;
        _clientBefore = Environment.CpuUsage.TotalTime;
        _serverBefore = server?.Invoke() ?? default;
    }

    public Measurement AddTo(Measurement measurement) => measurement with
    {
        ClientCpu = Environment.CpuUsage.TotalTime - _clientBefore,
        ServerCpu = _server is null ? null : _server() - _serverBefore,
    };

    /// <summary>What a running process has used so far.</summary>
    public static Func<TimeSpan> Of(Process process) => () =>
    {
        process.Refresh();
        return process.TotalProcessorTime;
    };
}
