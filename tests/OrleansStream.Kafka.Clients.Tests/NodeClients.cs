using System.Diagnostics;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>
/// The Kafka clients for Node, from their packages, in the versions of <c>Node/package-lock.json</c>. So is the Node that runs them, where there is a
/// package of it for this machine; else it is the one on the <c>PATH</c>, which has to be new enough for them.
/// </summary>
internal static class NodeClients
{
    private const string Missing = "The tests of the Kafka clients for Node need npm, which comes with Node; install it, or leave these tests out.";

    private static readonly Lock s_lock = new();

    private static Task<string>? s_folder;

    /// <summary>Where the packages and the scripts are.</summary>
    private static Task<string> Folder
    {
        get
        {
            lock (s_lock)
            {
                return s_folder ??= InstallAsync();
            }
        }
    }

    /// <summary>Runs a script to its end, which has to be a good one.</summary>
    public static async Task RunAsync(string script, params string[] arguments) => await ClientProcess.RunAsync(await DescribeAsync(script, arguments));

    public static async Task<ProcessStartInfo> DescribeAsync(string script, params string[] arguments)
    {
        var folder = await Folder;
        var node = Path.Combine(folder, "node_modules/.bin/node");
        return ClientProcess.Describe(File.Exists(node) ? node : "node", folder, [script, .. arguments]);
    }

    /// <summary>Installs the packages below <c>artifacts</c>, once for each version of the lock file, and puts the scripts beside them.</summary>
    private static async Task<string> InstallAsync()
    {
        var source = Path.Combine(ClientProcess.TestSources, "Node");
        var folder = ClientProcess.Folder("node-clients");
        var installed = Path.Combine(folder, "installed-lock.json");
        var wanted = await File.ReadAllTextAsync(Path.Combine(source, "package-lock.json"));
        foreach (var file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }

        if (!File.Exists(installed) || await File.ReadAllTextAsync(installed) != wanted)
        {
            await ClientProcess.RunAsync(ClientProcess.Describe("npm", folder, "ci", "--no-audit", "--no-fund"), missing: Missing, minutes: 4);
            await File.WriteAllTextAsync(installed, wanted);
        }

        return folder;
    }
}
