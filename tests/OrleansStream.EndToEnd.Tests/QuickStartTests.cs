using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>
/// The shell commands of the README, as they stand there. Only what would build is replaced: <c>dotnet run</c> and
/// <c>./dev ostream</c> start what was built with the tests.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class QuickStartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orleansstream-readme-").FullName;
    private readonly int _gateway = Programs.FreePort();
    private readonly string _url = $"http://127.0.0.1:{Programs.FreePort()}";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_the_readme_says_works_and_survives_a_kill()
    {
        var blocks = ShellBlockPattern().Matches(await File.ReadAllTextAsync(Path.Combine(Programs.Root, "README.md"))).Select(m => m.Groups["commands"].Value).ToArray();
        var (run, use) = (blocks[0], blocks[1]);
        await ScriptAsync("bin/dotnet", $"[ \"$*\" = 'run -c Release --project src/OrleansStream.Host' ] || exit 99\nexec '{Programs.Host}'");
        await ScriptAsync("dev", $"[ \"$1\" = ostream ] || exit 99\nshift\nexec '{Programs.Ostream}' \"$@\"");

        string output;
        using (var host = Start($"exec {run}"))
        {
            output = await UseAsync(host, use);
            host.Kill();
            await host.WaitForExitAsync();
        }

        // Three lines twice: by the anonymous reader with where they lie, by the group as they are.
        Assert.Equal(["apple", "avocado", "banana"], output.Split('\n').Intersect(["apple", "avocado", "banana"]).Order(StringComparer.Ordinal));
        Assert.Equal(["a apple", "a avocado", "b banana"], PlacedPattern().Matches(output).Select(m => m.Groups["record"].Value).Order(StringComparer.Ordinal));
        Assert.Contains("readers", output, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(_folder, "data")));

        using (var host = Start($"exec {run}"))
        {
            var again = await UseAsync(host, "./dev ostream consume words --from beginning --until-end");
            Assert.Equal(["apple", "avocado", "banana"], again.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
            host.Kill();
            await host.WaitForExitAsync();
        }
    }

    /// <summary>Runs commands in a second shell as soon as the silo is ready, and returns what they printed.</summary>
    private async Task<string> UseAsync(Process host, string commands)
    {
        _ = host.StandardOutput.ReadToEndAsync();
        var hostError = host.StandardError.ReadToEndAsync();
        await Programs.ReadyAsync(host, hostError, _url);
        using var shell = Start($"set -e\n{commands}");
        shell.StandardInput.Close();
        var (output, error) = (shell.StandardOutput.ReadToEndAsync(), shell.StandardError.ReadToEndAsync());
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, $"{commands}\nended with {shell.ExitCode}: {await output}{await error}");
        return await output;
    }

    private Process Start(string script)
    {
        var start = new ProcessStartInfo("bash")
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "-c", script },
            Environment =
            {
                ["PATH"] = $"{_folder}/bin:{Environment.GetEnvironmentVariable("PATH")}",
                ["OrleansStream__GatewayPort"] = $"{_gateway}",
                ["OrleansStream__Kafka__Port"] = "none",
                ["OrleansStream__SiloPort"] = $"{Programs.FreePort()}",
                ["Urls"] = _url,
                ["OSTREAM_CONNECT"] = $"127.0.0.1:{_gateway}",
            },
        };
        return Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
    }

    private async Task ScriptAsync(string name, string commands)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{commands}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [GeneratedRegex(@"\n```\n(?<commands>.*?)\n```\n", RegexOptions.Singleline)]
    private static partial Regex ShellBlockPattern();

    [GeneratedRegex(@"^\d+ \d+ (?<record>\w \w+)$", RegexOptions.Multiline)]
    private static partial Regex PlacedPattern();
}
