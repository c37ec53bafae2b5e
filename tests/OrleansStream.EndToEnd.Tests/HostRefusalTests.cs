using System.Net;
using System.Net.Sockets;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>A host that cannot start says why in one line that names what to change, and ends with exit code 1.</summary>
public sealed class HostRefusalTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("orleansstream-refusal-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("'--speed'", "--speed", "9")]
    [InlineData("--port", "--port")]
    [InlineData("'xml'", "--log", "xml")]
    [InlineData("OrleansStream:DataPaht", "--OrleansStream:DataPaht=elsewhere")]
    [InlineData("OrleansStream:DrainTimeout", "--OrleansStream:DrainTimeout=soon")]
    [InlineData("OrleansStream:GatewayPort", "--OrleansStream:GatewayPort=99999")]
    [InlineData("OrleansStream:Kafka:Port", "--kafka-port", "many")]
    [InlineData("OrleansStream:Kafka:Prot", "--OrleansStream:Kafka:Prot=9092")]
    [InlineData("OrleansStream:AdvertisedAddress", "--address", "my-machine")]
    [InlineData("'8080'", "--health-check", "8080")]
    public async Task A_setting_that_is_unknown_or_of_the_wrong_type_is_named(string named, params string[] arguments)
    {
        await RefusedAsync(named, [.. arguments]);
    }

    [Fact]
    public async Task A_folder_for_the_data_of_a_silo_that_keeps_it_in_a_database_is_refused()
    {
        await RefusedAsync("--data", "--data", _data, "--postgres", "Host=127.0.0.1;Database=streams");
        await RefusedAsync("--data", "--OrleansStream:DataPath=elsewhere", "--postgres", "Host=127.0.0.1;Database=streams");
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = $"{((IPEndPoint)other.LocalEndpoint).Port}";

        await RefusedAsync(port, "--data", _data, "--port", port, "--silo-port", $"{Programs.FreePort()}");
        await RefusedAsync(port, "--data", _data, "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--kafka-port", port);
        await RefusedAsync(port, "--data", _data, "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--kafka-port", "none", "--http", $"http://127.0.0.1:{port}");
    }

    [Fact]
    public async Task A_data_folder_of_a_newer_version_is_left_as_it_is()
    {
        var format = Path.Combine(_data, "format");
        await File.WriteAllTextAsync(format, "99\n");

        await RefusedAsync("99", "--data", _data, "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--kafka-port", "none");

        Assert.Equal("99\n", await File.ReadAllTextAsync(format));
    }

    [Fact]
    public async Task A_settings_file_that_is_no_json_is_named()
    {
        await File.WriteAllTextAsync(Path.Combine(_data, "appsettings.json"), "{ \"OrleansStream\": ");

        var (exitCode, _, error) = await Programs.RunInAsync(_data, Programs.Host);

        OneLine(exitCode, error, "appsettings.json");
    }

    [Fact]
    public async Task A_health_check_of_nobody_fails()
    {
        var address = $"http://127.0.0.1:{Programs.FreePort()}/health/ready";

        var (exitCode, _, error) = await Programs.RunAsync(Programs.Host, "--health-check", address);

        OneLine(exitCode, error, address);
    }

    private static async Task RefusedAsync(string named, params string[] arguments)
    {
        var (exitCode, _, error) = await Programs.RunAsync(Programs.Host, arguments);

        OneLine(exitCode, error, named);
    }

    private static void OneLine(int exitCode, string error, string named)
    {
        Assert.Equal(1, exitCode);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }
}
