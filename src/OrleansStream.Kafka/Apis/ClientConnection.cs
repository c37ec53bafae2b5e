using System.Net;

namespace OrleansStream.Kafka.Apis;

/// <summary>What is known of the client at the other end of a connection, for as long as that lasts.</summary>
internal sealed class ClientConnection(EndPoint? remote)
{
    /// <summary>Where the client is.</summary>
    public string Host => remote is IPEndPoint address ? address.Address.ToString() : remote?.ToString() ?? "";

    /// <summary>The client's library, once it said so.</summary>
    public string? SoftwareName { get; set; }

    /// <summary>The version of the client's library, once it said so.</summary>
    public string? SoftwareVersion { get; set; }
}
