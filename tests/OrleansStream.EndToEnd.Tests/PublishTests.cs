namespace OrleansStream.EndToEnd.Tests;

public sealed class PublishTests
{
    /// <summary>A silo that was just started serves at once; compiling what it needs for that first takes it seconds.</summary>
    [Theory]
    [InlineData("-property:UseCurrentRuntimeIdentifier=true")]
    [InlineData("-property:RuntimeIdentifier=linux-x64")]
    public async Task A_host_that_is_published_for_one_platform_is_compiled_ahead(string platform)
    {
        var (exitCode, output, error) = await Programs.RunInAsync(
            Programs.Root, "dotnet", "msbuild", "src/OrleansStream.Host", "-property:Configuration=Release", platform, "-getProperty:PublishReadyToRun");

        Assert.True(exitCode == 0, output + error);
        Assert.Equal("true", output.Trim());
    }
}
