using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>Programs that are clients, and those that bring them here.</summary>
internal static class ClientProcess
{
    /// <summary>A folder below <c>artifacts</c>, where clients are put that are not installed on this machine.</summary>
    public static string Folder(string name) => Directory.CreateDirectory(Path.Combine(TestSources, "../../artifacts", name)).FullName;

    /// <summary>Where the sources of these tests lie.</summary>
    public static string TestSources { get; } = Path.GetDirectoryName(ThisFile())!;

    public static ProcessStartInfo Describe(string program, string folder, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    /// <summary>Runs a program to its end, which has to be a good one.</summary>
    /// <param name="start">What to run.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="missing">What to say when there is no such program.</param>
    /// <param name="minutes">How long that may take.</param>
    /// <returns>What it wrote.</returns>
    public static async Task<string> RunAsync(ProcessStartInfo start, string input = "", string? missing = null, int minutes = 1)
    {
        var (exitCode, output, errors) = await EndAsync(start, input, missing, minutes);
        Assert.True(exitCode == 0, $"{Name(start)} ended with {exitCode}:\n{output}{errors}");
        return output;
    }

    /// <summary>Runs a program to its end, whatever that is.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public static async Task<(int ExitCode, string Output, string Errors)> EndAsync(ProcessStartInfo start, string input = "", string? missing = null, int minutes = 1)
    {
        using var process = Start(start, missing);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await WaitAsync(process, Name(start), minutes);
        return (process.ExitCode, await output, await errors);
    }

    public static async Task WaitAsync(Process process, string what, int minutes = 1)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromMinutes(minutes));
        try
        {
            await process.WaitForExitAsync(enough.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{what} did not end within {minutes} min.");
        }
    }

    private static Process Start(ProcessStartInfo start, string? missing)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e) when (missing is not null)
        {
            throw new InvalidOperationException(missing, e);
        }
    }

    private static string Name(ProcessStartInfo start) => $"{start.FileName} {string.Join(' ', start.ArgumentList)}";

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
