namespace OrleansStream.EndToEnd.Tests;

/// <summary>The demonstration that the README offers, with fewer lines.</summary>
public class CrashTests
{
    [Fact]
    public async Task A_file_produced_while_the_silo_is_killed_comes_out_once_and_in_order()
    {
        var (exitCode, output, error) = await Programs.RunAsync(Path.Combine(Programs.Root, "tests", "demo-crash"), "--no-build", "400000");

        Assert.True(exitCode == 0, $"{output}{Environment.NewLine}{error}");
        Assert.Contains("every line once, in order per key", output, StringComparison.Ordinal);
    }
}
