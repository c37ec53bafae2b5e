using System.Globalization;
using System.Net;

namespace OrleansStream.TestServers;

/// <summary>A silo's name, address and ports, the same for its whole life. A Kafka port of 0 is none.</summary>
public sealed record SiloPlace(string Name, string Address, int SiloPort, int GatewayPort, int HttpPort, int KafkaPort = 0)
{
    /// <summary>What the host is told of it, its name apart.</summary>
    public IReadOnlyList<string> Arguments =>
    [
        "--address", Address, "--silo-port", Text(SiloPort), "--port", Text(GatewayPort), "--http", $"http://{Address}:{Text(HttpPort)}",
        "--kafka-port", KafkaPort == 0 ? "none" : Text(KafkaPort),
    ];

    /// <summary>A place on free ports of 127.0.0.1.</summary>
    public static SiloPlace OnLoopback(string name, bool servesKafka = false) => new(
        name, IPAddress.Loopback.ToString(), LocalPort.FindFree(), LocalPort.FindFree(), LocalPort.FindFree(), servesKafka ? LocalPort.FindFree() : 0);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
