using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>The Kafka clients for Node, from their packages, in the versions of <c>Node/package-lock.json</c>.</summary>
internal static class NodeClients
{
    private static readonly SemaphoreSlim s_installing = new(1, 1);
    private static string? s_folder;

    /// <summary>Runs a script to its end, which has to be a good one.</summary>
    public static async Task RunAsync(string script, params string[] arguments)
    {
        using var process = await StartAsync(script, arguments);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await WaitAsync(process, $"{script} {string.Join(' ', arguments)}");
        Assert.True(process.ExitCode == 0, $"{script} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}{await errors}");
    }

    public static async Task<Process> StartAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("node") { WorkingDirectory = await InstallAsync(), RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(script);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    public static async Task WaitAsync(Process process, string what)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(enough.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{what} did not end within a minute.");
        }
    }

    private static async Task<string> InstallAsync()
    {
        await s_installing.WaitAsync();
        try
        {
            return s_folder ??= await InstallOnceAsync();
        }
        finally
        {
            s_installing.Release();
        }
    }

    /// <summary>Installs the packages below <c>artifacts</c>, once for each version of the lock file, and puts the scripts beside them.</summary>
    private static async Task<string> InstallOnceAsync()
    {
        var source = Path.Combine(Path.GetDirectoryName(SourceFile())!, "Node");
        var folder = Path.GetFullPath(Path.Combine(source, "../../../artifacts/node-clients"));
        Directory.CreateDirectory(folder);
        var installed = Path.Combine(folder, "installed-lock.json");
        var wanted = await File.ReadAllTextAsync(Path.Combine(source, "package-lock.json"));
        foreach (var file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }

        if (!File.Exists(installed) || await File.ReadAllTextAsync(installed) != wanted)
        {
            await InstallPackagesAsync(folder);
            await File.WriteAllTextAsync(installed, wanted);
        }

        return folder;
    }

    private static async Task InstallPackagesAsync(string folder)
    {
        Process npm;
        try
        {
            npm = Process.Start(new ProcessStartInfo("npm", "ci --no-audit --no-fund") { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException("The tests of the Kafka clients for Node need npm and Node 20 or later; install them, or leave these tests out.", e);
        }

        using (npm)
        {
            var (output, errors) = (npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
            await WaitAsync(npm, "npm ci");
            Assert.True(npm.ExitCode == 0, $"npm could not install the Kafka clients for Node; the tests need access to a package registry:\n{await output}{await errors}");
        }
    }

    private static string SourceFile([CallerFilePath] string path = "") => path;
}

/// <summary>A member of a group in a Node process of its own, which can be told to leave, and killed.</summary>
internal sealed class NodeMember : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private volatile int[] _owned = [];

    private NodeMember(Process process)
    {
        _process = process;
        _reading = ReadAsync();
        Errors = process.StandardError.ReadToEndAsync();
    }

    public int[] Owned => _owned;

    public ConcurrentQueue<(int Partition, long Offset, int Value)> Seen { get; } = new();

    /// <summary>What it wrote to standard error, once it ended.</summary>
    public Task<string> Errors { get; }

    public static async Task<NodeMember> StartAsync(string client, string servers, string group, string topic) =>
        new(await NodeClients.StartAsync("member.mjs", client, servers, group, topic));

    /// <summary>Leaves the group.</summary>
    public async Task CloseAsync()
    {
        if (!_process.HasExited)
        {
            await _process.StandardInput.WriteLineAsync("leave");
            await _process.StandardInput.FlushAsync();
            await NodeClients.WaitAsync(_process, "A member that was told to leave");
        }

        await _reading;
        _owned = [];
    }

    /// <summary>Goes without a word.</summary>
    public async Task CrashAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _owned = [];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await CrashAsync();
        }

        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            if (words[0] == "owned")
            {
                _owned = [.. words[1..].Select(word => int.Parse(word, CultureInfo.InvariantCulture)).Order()];
            }
            else if (words[0] == "value")
            {
                Seen.Enqueue((int.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture), int.Parse(words[3], CultureInfo.InvariantCulture)));
            }
        }
    }
}
