using System.Globalization;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Kafka.Hosting;

/// <summary>The settings of the Kafka gateway, bound from the configuration section <c>OrleansStream:Kafka</c>.</summary>
public sealed class KafkaOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "OrleansStream:Kafka";

    /// <summary>The port for Kafka clients. 9092. The host adds no gateway when it is 0 or <c>none</c>.</summary>
    public int Port { get; set; } = 9092;

    /// <summary>The IP address to listen on. Null for the silo's <c>AdvertisedAddress</c>.</summary>
    public string? Address { get; set; }

    /// <summary>The host name or address that clients are told to connect to. Null for the silo's <c>AdvertisedAddress</c>.</summary>
    public string? AdvertisedHost { get; set; }

    /// <summary>The port that clients are told to connect to. Null for <see cref="Port"/>.</summary>
    public int? AdvertisedPort { get; set; }

    /// <summary>Whether a topic that a client asks for, and would like to be created, is created. True.</summary>
    public bool AutoCreateTopics { get; set; } = true;

    /// <summary>The number of partitions of a topic whose creator leaves it to the server. 4.</summary>
    public int DefaultPartitions { get; set; } = 4;

    /// <summary>The largest request that carries records; a larger one closes the connection. 64 MiB.</summary>
    public int MaxRequestBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>The largest request of any other kind; a larger one closes the connection. 8 MiB.</summary>
    public int MaxControlRequestBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The most bytes of unanswered requests of all connections. What comes beyond waits, one request of each connection at a time. 256 MiB.</summary>
    public long MaxBytesInHand { get; set; } = 256L * 1024 * 1024;

    /// <summary>The most bytes of unanswered requests of one connection; it is not read from meanwhile. 64 MiB.</summary>
    public long MaxConnectionBytesInHand { get; set; } = 64L * 1024 * 1024;

    /// <summary>
    /// The most memory, in bytes, of unanswered requests that become large when they are read, such as lists of many thousand names, of all
    /// connections. What comes beyond waits; the usual requests are not among these. 128 MiB.
    /// </summary>
    public long MaxParsedBytesInHand { get; set; } = 128L * 1024 * 1024;

    /// <summary>The most unanswered requests of one connection; it is not read from meanwhile. 1000.</summary>
    public int MaxConnectionRequestsInHand { get; set; } = 1000;

    /// <summary>
    /// The most bytes of records, and of long lists of topics, in answers that clients have not taken yet, of all connections. What comes
    /// beyond waits. 256 MiB.
    /// </summary>
    public long MaxAnswerBytesInHand { get; set; } = 256L * 1024 * 1024;

    /// <summary>The most bytes of records in one answer, whatever the client would take. 32 MiB.</summary>
    public int MaxFetchBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>The most connections; further ones are closed at once. 10,000.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>A connection on which nothing happens for this long is closed. Ten minutes.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a request may take to arrive once it began, beyond a second for each 256 KiB; a slower one closes the connection. Thirty seconds.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take none of its answers; then the connection is closed. Thirty seconds.</summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most fetch sessions that are remembered; a client beyond them names its partitions in every fetch. 2,000.</summary>
    public int MaxFetchSessions { get; set; } = 2_000;

    /// <summary>Where clients are told to connect, as <c>host:port</c>.</summary>
    /// <param name="server">The silo's settings, for what is not set here.</param>
    public string AddressFor(OrleansStreamServerOptions server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return string.Create(CultureInfo.InvariantCulture, $"{AdvertisedHost ?? server.AdvertisedAddress}:{AdvertisedPort ?? Port}");
    }
}
