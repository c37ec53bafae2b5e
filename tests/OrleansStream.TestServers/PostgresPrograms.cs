using System.Diagnostics;

namespace OrleansStream.TestServers;

/// <summary>Where PostgreSQL's own programs lie, and how to run them: they refuse root, so root runs them as the user <c>postgres</c>.</summary>
internal static class PostgresPrograms
{
    private const string User = "postgres";

    private static readonly string[] s_needed = ["initdb", "postgres"];

    private static readonly Lazy<string> s_folder = new(FindFolder);

    /// <summary>The path of a program of the newest PostgreSQL found.</summary>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed; the message says how to install it.</exception>
    public static string Path(string program) => System.IO.Path.Combine(s_folder.Value, program);

    /// <summary>What starts <paramref name="program"/> as somebody whom PostgreSQL accepts, all streams redirected.</summary>
    public static ProcessStartInfo StartInfo(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        string[] asUser = Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--init-groups"] : [];
        string[] command = [.. asUser, program, .. arguments];
        start.FileName = command[0];
        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it said.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(StartInfo(program, arguments))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}: {await error} {await output}");
    }

    private static string FindFolder() =>
        CandidateFolders().FirstOrDefault(folder => s_needed.All(program => File.Exists(System.IO.Path.Combine(folder, program))))
        ?? throw new InvalidOperationException(
            "PostgreSQL's server programs (initdb, postgres) were found neither in /usr/lib/postgresql/*/bin nor by pg_config nor in PATH: install them, on Debian or Ubuntu with `apt-get install postgresql`.");

    private static IEnumerable<string> CandidateFolders()
    {
        const string debian = "/usr/lib/postgresql";
        if (Directory.Exists(debian))
        {
            var versions = Directory.GetDirectories(debian).OrderByDescending(folder => int.TryParse(System.IO.Path.GetFileName(folder), out var n) ? n : 0);
            foreach (var version in versions)
            {
                yield return System.IO.Path.Combine(version, "bin");
            }
        }

        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (path.Any(folder => File.Exists(System.IO.Path.Combine(folder, "pg_config"))))
        {
            using var process = Process.Start(new ProcessStartInfo("pg_config", "--bindir") { RedirectStandardOutput = true })!;
            yield return process.StandardOutput.ReadToEnd().Trim();
        }

        foreach (var folder in path)
        {
            yield return folder;
        }
    }
}
