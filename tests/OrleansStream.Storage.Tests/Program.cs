using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Tests;

/// <summary>What a second process does for a test: <c>hold-folder PATH</c> opens a data folder and keeps it until it is killed.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["hold-folder", var path])
        {
            await Console.Error.WriteLineAsync("Run the tests with 'dotnet test'; this entry point serves them as a second process.");
            return 1;
        }

        using var folder = DataFolder.Open(path);
        await Console.Out.WriteLineAsync("held");
        await Console.In.ReadLineAsync();
        return 0;
    }
}
