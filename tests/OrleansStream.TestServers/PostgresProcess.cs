using System.Diagnostics;

namespace OrleansStream.TestServers;

/// <summary>
/// One run of a server, under a guard: a shell that ends the server as told by a word on its standard input, and that ends it
/// and deletes its folder when that input ends without a word, which is what happens when this process dies. A server that was
/// frozen goes on for that.
/// </summary>
internal sealed class PostgresProcess
{
    private const int LogLines = 200;

    private const string Guard =
        """
        folder=$1; shift
        "$@" </dev/null &
        server=$!
        exec 2>/dev/null
        read -r how || how=
        case $how in
            stop) signal=INT ;;
            kill) signal=KILL ;;
            *) signal=QUIT ;;
        esac
        kill -s $signal $server
        kill -s CONT $server
        wait $server
        [ -n "$how" ] || rm -rf "$folder"
        """;

    private readonly Process _guard;
    private readonly Queue<string> _log = new();
    private readonly TaskCompletionSource<bool> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PostgresProcess(Process guard)
    {
        _guard = guard;
        guard.ErrorDataReceived += (_, e) => Hear(e.Data);
        guard.BeginErrorReadLine();
        guard.BeginOutputReadLine();
    }

    /// <summary>The last lines that the server logged.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    public static PostgresProcess Start(string folder, IEnumerable<string> arguments) => new(Process.Start(PostgresPrograms.StartInfo(
        "sh", ["-c", Guard, "guard", folder, PostgresPrograms.Path("postgres"), .. arguments]))!);

    /// <summary>Waits until the server takes connections; false when it gave up instead.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _ready.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends the server (<c>stop</c>, <c>immediate</c> or <c>kill</c>) and waits until its first process is gone.</summary>
    public async Task EndAsync(string how)
    {
        await _guard.StandardInput.WriteLineAsync(how);
        await _guard.StandardInput.FlushAsync();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            // The server and every session of it are gone: the guard itself does not hold on to this stream.
            _ready.TrySetResult(false);
            return;
        }

        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > LogLines)
            {
                _log.Dequeue();
            }
        }

        // A standby says "read-only connections".
        if (line.Contains("database system is ready to accept ", StringComparison.Ordinal))
        {
            _ready.TrySetResult(true);
        }
    }
}
