using System.Diagnostics;
using System.Globalization;

namespace OrleansStream.TestServers;

/// <summary>
/// One silo: a process of the real host that can be started again on its ports after it ended. It runs under a shell that kills it
/// when this process ends, however that comes. Not safe for concurrent use, except for the properties.
/// </summary>
public sealed class SiloProcess(SiloPlace place, string program, IReadOnlyList<string> arguments, string logPath) : IAsyncDisposable
{
    private const string Guard =
        """
        exec 2>/dev/null
        log=$1; errors=$2; shift 2
        "$@" </dev/null >>"$log" 2>>"$errors" &
        silo=$!
        trap "kill -9 $silo" TERM INT HUP
        echo $silo
        exec 3<&0
        ( read -r end <&3; kill -9 $silo ) >/dev/null 2>&1 &
        reader=$!
        wait $silo
        code=$?
        kill $reader 2>/dev/null
        exit $code
        """;

    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_pollPause = TimeSpan.FromMilliseconds(100);
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private Process? _guard;

    public SiloPlace Place { get; } = place;

    public string Name => Place.Name;

    public string Gateway => $"{Place.Address}:{Place.GatewayPort}";

    public int ProcessId { get; private set; }

    public bool IsRunning => _guard is { HasExited: false };

    public bool IsFrozen { get; private set; }

    /// <summary>True while a fault has it in hand, so that no other takes it.</summary>
    public bool IsTaken { get; set; }

    /// <summary>Words before the program, for instance to run it in a namespace.</summary>
    public IReadOnlyList<string> Prefix { get; set; } = [];

    /// <summary>What it writes to its output; and to its errors, unless those have a file of their own.</summary>
    public string LogPath { get; } = logPath;

    /// <summary>Where its errors go.</summary>
    public string ErrorPath { get; init; } = logPath;

    /// <summary>The folder that it runs in, where it looks for settings.</summary>
    public string Folder { get; set; } = Path.GetTempPath();

    /// <summary>Starts the process without waiting for it to be ready.</summary>
    public async Task LaunchAsync()
    {
        Debug.Assert(!IsRunning, "The silo runs.");
        var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = Folder };
        string[] words = ["-c", Guard, "guard", LogPath, ErrorPath, .. Prefix, program, .. arguments];
        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        _guard = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        ProcessId = int.Parse(await _guard.StandardOutput.ReadLineAsync() ?? "", CultureInfo.InvariantCulture);
        IsFrozen = false;
    }

    /// <summary>Waits until it says that it is ready; false when it ended, or did not become ready in time.</summary>
    public async Task<bool> WaitReadyAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (IsRunning && Stopwatch.GetElapsedTime(start) < s_startPatience)
        {
            if (await IsReadyAsync(cancellationToken))
            {
                return true;
            }

            await Task.Delay(s_pollPause, cancellationToken);
        }

        return false;
    }

    /// <summary>Whether it says that it is ready, now.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await s_http.GetAsync($"http://{Place.Address}:{Place.HttpPort}/health/ready", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    /// <summary>Ends it with signal 9.</summary>
    public async Task KillAsync()
    {
        if (_guard is { } guard)
        {
            Signals.Send(ProcessId, Signals.Kill);
            await guard.WaitForExitAsync();
            IsFrozen = false;
        }
    }

    /// <summary>Asks it to end, and kills it when it does not in time.</summary>
    /// <returns>Whether it ended by itself, with exit code 0.</returns>
    public async Task<bool> TerminateAsync(TimeSpan patience)
    {
        var guard = _guard!;
        Signals.Send(ProcessId, Signals.Terminate);
        using var timeout = new CancellationTokenSource(patience);
        try
        {
            await guard.WaitForExitAsync(timeout.Token);
            return guard.ExitCode == 0;
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            return false;
        }
    }

    public void Freeze()
    {
        Signals.Send(ProcessId, Signals.Stop);
        IsFrozen = true;
    }

    public void Thaw()
    {
        Signals.Send(ProcessId, Signals.Continue);
        IsFrozen = false;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _guard?.Dispose();
    }
}
