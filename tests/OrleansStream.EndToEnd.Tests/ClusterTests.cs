using System.Globalization;
using System.Text.Json;
using OrleansStream.Client;
using OrleansStream.Client.Postgres;
using OrleansStream.TestServers;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>Real hosts that are members of one cluster through one PostgreSQL database.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task Two_hosts_on_one_database_are_one_cluster_and_either_serves_what_the_other_stored()
    {
        await using var database = await TestDatabase.CreateAsync();
        string[] arguments = ["--postgres", database.ConnectionString];

        // Both find an empty database at the same time.
        var hosts = await Task.WhenAll(HostProcess.StartAsync(arguments), HostProcess.StartAsync(arguments));
        using var first = hosts[0];
        using var second = hosts[1];

        await UntilAsync(async () => await ActiveSilosAsync(first) == 2 && await ActiveSilosAsync(second) == 2);
        await OstreamAsync(first, "topic", "create", "orders", "--partitions", "6");
        Assert.Contains("orders", await OstreamAsync(second, "topic", "list"), StringComparison.Ordinal);

        // A client that is told of no silo but of the database.
        var options = new OrleansStreamClientOptions().UsePostgres(database.ConnectionString);
        await using var client = await OrleansStreamClient.ConnectAsync(options);
        Assert.Equal(6, (await client.Admin.DescribeTopicAsync("orders")).PartitionCount);

        await first.KillAsync();
        await UntilAsync(async () => await ActiveSilosAsync(second) == 1);
        using var third = await HostProcess.StartAsync(arguments);
        await UntilAsync(async () => await ActiveSilosAsync(third) == 2);
    }

    [Fact]
    public async Task A_host_is_ready_only_while_its_database_answers()
    {
        await using var server = await PostgresServer.StartNewAsync();
        using var host = await HostProcess.StartAsync("--postgres", await server.CreateDatabaseAsync("streams"));

        await server.KillAsync();
        Assert.Contains("postgres", await host.UntilReadyIsAsync(false), StringComparison.Ordinal);

        await server.StartAsync();
        await host.UntilReadyIsAsync(true);
        await OstreamAsync(host, "topic", "create", "after");
    }

    /// <summary>As a silo tells it; none while it does not answer.</summary>
    private static async Task<int> ActiveSilosAsync(HostProcess host)
    {
        var (exitCode, output, _) = await RunAsync(host, "cluster", "-o", "json");
        if (exitCode != 0)
        {
            return 0;
        }

        using var cluster = JsonDocument.Parse(output);
        return cluster.RootElement.GetProperty("silos").EnumerateArray().Count(silo => silo.GetProperty("status").GetString() == "Active");
    }

    private static async Task<string> OstreamAsync(HostProcess host, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(host, arguments);
        Assert.True(exitCode == 0, error);
        return output;
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(HostProcess host, params string[] arguments) => Programs.RunAsync(
        Programs.Ostream, [.. arguments, "--connect", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{host.Port}")]);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            await Task.Delay(100, timeout.Token);
        }
    }
}
