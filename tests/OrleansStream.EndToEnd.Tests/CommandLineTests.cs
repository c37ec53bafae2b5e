using System.Text.Json;
using OrleansStream.Testing;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>The real <c>ostream</c> against a silo in this process, which all the tests share.</summary>
public sealed class CommandLineTests(CommandLineTests.Silo silo) : IClassFixture<CommandLineTests.Silo>
{

    [Fact]
    public async Task Lines_go_in_and_come_out_with_their_keys()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "a:apple\nb:banana\na:avocado\n");
            await OstreamAsync("topic", "create", "words", "--partitions", "3");
            await OstreamAsync("produce", "words", "--file", file, "--key-separator", ":", "--compression", "zstd");

            var output = await OstreamAsync("consume", "words", "--until-end", "--format", "%k=%v\\n");

            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(["a=apple", "a=avocado", "b=banana"], lines.Order(StringComparer.Ordinal));
            Assert.True(Array.IndexOf(lines, "a=apple") < Array.IndexOf(lines, "a=avocado"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_list_as_json_is_json()
    {
        await OstreamAsync("topic", "create", "one", "--partitions", "1");

        using var document = JsonDocument.Parse(await OstreamAsync("topic", "list", "--output", "json"));

        Assert.Contains("one", document.RootElement.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere", "topic", "describe", "nowhere")]
    [InlineData("nowhere", "consume", "nowhere", "--until-end")]
    [InlineData("'!'", "topic", "create", "bad!name", "--partitions", "1")]
    [InlineData("nobody", "group", "describe", "nobody")]
    public async Task A_mistake_is_one_line_on_standard_error_and_an_exit_code(string named, params string[] arguments)
    {
        var (exitCode, _, error) = await RunAsync(arguments);

        Assert.NotEqual(0, exitCode);
        Assert.StartsWith("ostream: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_keys_and_times_come_out_in_the_format_asked_for()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "trace=42,retry\tann:12.50\n\tbob:3\n");
            await OstreamAsync("topic", "create", "orders", "--partitions", "1");
            await OstreamAsync("produce", "orders", "--file", file, "--headers", "--key-separator", ":");

            var output = await OstreamAsync("consume", "orders", "--until-end", "--format", "%t/%p@%o %k %v [%h] 100%%\\n");

            Assert.Equal("orders/0@0 ann 12.50 [trace=42,retry] 100%\norders/0@1 bob 3 [] 100%\n", output);
            Assert.Equal("3\n", await OstreamAsync("consume", "orders", "--from", "1", "--max-count", "1", "--format", "%v\\n"));
            Assert.StartsWith("20", await OstreamAsync("consume", "orders", "--max-count", "1", "--format", "%T"), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("produce", "--records", "2k")]
    [InlineData("latency", "--rate", "100", "--duration", "1s", "--warmup", "100ms")]
    public async Task A_load_reports_what_it_measured(string load, params string[] arguments)
    {
        using var report = JsonDocument.Parse(await OstreamAsync(["load", load, "--output", "json", .. arguments]));

        Assert.Contains("p99", report.RootElement.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_silo_that_is_not_there_is_named()
    {
        var address = $"127.0.0.1:{Programs.FreePort()}";

        var (exitCode, _, error) = await Programs.RunAsync(Programs.Ostream, "topic", "list", "--connect", address);

        Assert.NotEqual(0, exitCode);
        Assert.Contains(address, error, StringComparison.Ordinal);
    }

    private async Task<string> OstreamAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(arguments);
        Assert.True(exitCode == 0, $"ostream {string.Join(' ', arguments)}: {error}");
        return output;
    }

    private Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments) =>
        Programs.RunAsync(Programs.Ostream, [.. arguments, "--connect", silo.Host.GatewayAddress]);

    public sealed class Silo : IAsyncLifetime
    {
        public OrleansStreamTestHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await OrleansStreamTestHost.StartAsync();

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }
}
