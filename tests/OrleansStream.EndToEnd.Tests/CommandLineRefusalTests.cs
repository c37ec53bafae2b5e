namespace OrleansStream.EndToEnd.Tests;

/// <summary>A command line that is wrong in itself is told so in one line, without a silo.</summary>
public class CommandLineRefusalTests
{
    [Theory]
    [InlineData("'many'", "topic", "create", "x", "--partitions", "many")]
    [InlineData("'yesterday'", "consume", "x", "--from", "yesterday")]
    [InlineData("'%q'", "consume", "x", "--format", "%q")]
    [InlineData("'brotli'", "produce", "x", "--compression", "brotli")]
    [InlineData("'-1'", "consume", "x", "--max-count", "-1")]
    [InlineData("'yaml'", "topic", "list", "--output", "yaml")]
    [InlineData("'soon'", "produce", "x", "--timeout", "soon")]
    [InlineData("'lots'", "load", "produce", "--records", "lots")]
    [InlineData("'frobnicate'", "frobnicate")]
    [InlineData("'consume'", "consume")]
    public async Task A_malformed_value_is_refused_before_anything_is_tried(string named, params string[] arguments)
    {
        var (exitCode, _, error) = await Programs.RunAsync(Programs.Ostream, arguments);

        Assert.Equal(2, exitCode);
        Assert.StartsWith("ostream: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }
}
