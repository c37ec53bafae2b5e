using System.Runtime.CompilerServices;

namespace OrleansStream.TestServers;

/// <summary>The real host, as it was built with this program.</summary>
public static class HostProgram
{
    /// <summary>Its file, in the configuration of this program itself.</summary>
    public static string Path { get; } = System.IO.Path.Combine(
        FindRoot(), "artifacts", "bin", "OrleansStream.Host", System.IO.Path.GetFileName(AppContext.BaseDirectory.TrimEnd(System.IO.Path.DirectorySeparatorChar)), "OrleansStream.Host");

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        var folder = System.IO.Path.GetDirectoryName(thisFile);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder, "OrleansStream.sln")))
        {
            folder = System.IO.Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"No OrleansStream.sln above {thisFile}.");
    }
}
