using System.Globalization;
using OrleansStream.Client;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>Our side: the host as it is published, on files, with its defaults, so that an acknowledgement means fsync.</summary>
internal sealed class OrleansStreamServer(string folder)
    : GuardedServer(SideName, folder, Environment.GetEnvironmentVariable("ORLEANSSTREAM_HOST") ?? HostProgram.Path)
{
    public const string SideName = "OrleansStream";

    private readonly int _gatewayPort = LocalPort.FindFree();
    private readonly int _siloPort = LocalPort.FindFree();
    private readonly int _httpPort = LocalPort.FindFree();
    private OrleansStreamClient? _client;

    /// <summary>Where the SDK connects.</summary>
    public string Gateway => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_gatewayPort}");

    protected override IReadOnlyList<string> Arguments =>
    [
        "--data", Path.Combine(Folder, "data"),
        "--port", Text(_gatewayPort),
        "--silo-port", Text(_siloPort),
        "--kafka-port", Text(Port),
        "--http", $"http://127.0.0.1:{_httpPort}",
    ];

    /// <summary>The SDK's client, connected when it is first asked for.</summary>
    public async Task<OrleansStreamClient> ConnectAsync() => _client ??= await OrleansStreamClient.ConnectAsync(Gateway);

    public override async Task CreateTopicAsync(string topic, int partitions) =>
        await (await ConnectAsync()).Admin.CreateTopicAsync(topic, partitions);

    public override async Task StopAsync()
    {
        await DisconnectAsync();
        await base.StopAsync();
    }

    public override async Task KillAsync()
    {
        await base.KillAsync();
        await DisconnectAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        await base.DisposeAsync();
    }

    private async Task DisconnectAsync()
    {
        if (Interlocked.Exchange(ref _client, null) is { } client)
        {
            await client.DisposeAsync();
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
