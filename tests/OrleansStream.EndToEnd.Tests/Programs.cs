using System.Diagnostics;
using System.Runtime.CompilerServices;
using OrleansStream.TestServers;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>The real programs, as they were built with the tests, run as processes.</summary>
internal static class Programs
{
    private static readonly HttpClient s_http = new();
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    public static string Root { get; } = FindRoot();

    /// <summary>The build output of a project, in the configuration of the tests themselves.</summary>
    public static string Output(string project, string program) =>
        Path.Combine(Root, "artifacts", "bin", project, Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)), program);

    public static string Ostream => Output("OrleansStream.Cli", "ostream");

    public static string Host => Output("OrleansStream.Host", "OrleansStream.Host");

    /// <summary>Runs a program to its end.</summary>
    public static Task<(int ExitCode, string Output, string Error)> RunAsync(string program, params string[] arguments) =>
        RunInAsync(Path.GetTempPath(), program, arguments);

    /// <summary>Runs a program to its end in a folder.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunInAsync(string folder, string program, params string[] arguments)
    {
        using var process = StartIn(folder, program, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {s_patience}. {await output} {await error}");
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary>Starts a program; the caller ends and disposes it.</summary>
    public static Process Start(string program, params string[] arguments) => StartIn(Path.GetTempPath(), program, arguments);

    /// <summary>Waits until a host that was started says that it is ready.</summary>
    public static async Task ReadyAsync(Process host, Task<string> error, string url)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            try
            {
                using var answer = await s_http.GetAsync($"{url}/health/ready", timeout.Token);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!host.HasExited)
            {
                // Not listening yet.
            }

            Assert.False(host.HasExited, host.HasExited ? await error : "");
            await Task.Delay(100, timeout.Token);
        }
    }

    private static Process StartIn(string folder, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
    }

    /// <summary>A port of 127.0.0.1 that nobody listens on at the moment.</summary>
    public static int FreePort() => LocalPort.FindFree();

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        var folder = Path.GetDirectoryName(thisFile);
        while (folder is not null && !File.Exists(Path.Combine(folder, "OrleansStream.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"No OrleansStream.sln above {thisFile}.");
    }
}
