using System.Diagnostics;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>kcat: the one on the PATH, or Debian's package and what it needs, unpacked below <c>artifacts</c> without being installed.</summary>
internal static class Kcat
{
    private const string Missing =
        "The tests of kcat need the program kcat; install it (on Debian or Ubuntu apt-get install kcat), or run apt-get update so that they can get the package themselves.";

    private static readonly string[] s_packages = ["kcat", "librdkafka1", "libyajl2"];

    private static readonly Lock s_lock = new();

    private static Task<(string Program, string? Libraries)>? s_program;

    private static Task<(string Program, string? Libraries)> Program
    {
        get
        {
            lock (s_lock)
            {
                return s_program ??= FindAsync();
            }
        }
    }

    /// <summary>Runs it to a good end.</summary>
    /// <returns>What it wrote.</returns>
    public static async Task<string> RunAsync(string servers, string input, params string[] arguments) =>
        await ClientProcess.RunAsync(await DescribeAsync(servers, arguments), input);

    public static async Task<ProcessStartInfo> DescribeAsync(string servers, params string[] arguments)
    {
        var (program, libraries) = await Program;
        var start = ClientProcess.Describe(program, Path.GetTempPath(), ["-b", servers, "-X", "client.id=tests", .. arguments]);
        if (libraries is not null)
        {
            start.Environment["LD_LIBRARY_PATH"] = libraries;
        }

        return start;
    }

    private static async Task<(string Program, string? Libraries)> FindAsync()
    {
        if ((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "kcat")).FirstOrDefault(File.Exists) is { } installed)
        {
            return (installed, null);
        }

        var folder = ClientProcess.Folder("kcat");
        var program = Path.Combine(folder, "root/usr/bin/kcat");
        if (!File.Exists(program))
        {
            await ClientProcess.RunAsync(ClientProcess.Describe("apt-get", folder, ["download", .. s_packages]), missing: Missing);
            foreach (var package in Directory.GetFiles(folder, "*.deb").OrderBy(file => Path.GetFileName(file).StartsWith("kcat", StringComparison.Ordinal)))
            {
                await ClientProcess.RunAsync(ClientProcess.Describe("dpkg-deb", folder, "-x", package, "root"), missing: Missing);
            }
        }

        return (program, Path.GetDirectoryName(Directory.GetFiles(Path.Combine(folder, "root/usr/lib"), "librdkafka.so*", SearchOption.AllDirectories)[0]));
    }
}
