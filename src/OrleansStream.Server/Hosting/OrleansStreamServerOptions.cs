using OrleansStream.Server.Groups.Classic;

namespace OrleansStream.Server.Hosting;

/// <summary>The settings of a silo, bound from the configuration section <c>OrleansStream</c>.</summary>
public sealed class OrleansStreamServerOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "OrleansStream";

    /// <summary>The folder that holds topics, groups and records; made when it is missing. <c>./data</c>.</summary>
    public string DataPath { get; set; } = "./data";

    /// <summary>Clients must name the same one. <c>orleansstream</c>.</summary>
    public string ClusterId { get; set; } = "orleansstream";

    /// <summary>Clients must name the same one. <c>orleansstream</c>.</summary>
    public string ServiceId { get; set; } = "orleansstream";

    /// <summary>The silo's name in listings and commands, unique in its cluster. Null for one that is made up at every start.</summary>
    public string? SiloName { get; set; }

    /// <summary>The port for other silos. 11111.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>The port for clients. 30000.</summary>
    public int GatewayPort { get; set; } = 30000;

    /// <summary>The IP address that the silo listens on and by which clients reach it. 127.0.0.1.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>A partition that nobody uses for this long is closed; the next use opens it again. Five minutes.</summary>
    public TimeSpan PartitionIdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long closing a partition may take before it is left to the recovery of its next opening. Ten seconds.</summary>
    public TimeSpan PartitionCloseTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the membership has to be quiet before partitions move because silos came or went. Half a second.</summary>
    public TimeSpan MoveSettleTime { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How many partitions a silo gives to others at the same time; each is away a little longer the more there are. 2.</summary>
    public int MaxMovesAtOnce { get; set; } = 2;

    /// <summary>How often retention is applied. Thirty seconds.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stopping silo may take to give its partitions to others, for which it has half of the time, to finish the appends it has in
    /// hand, and to close the logs that are left. Ten seconds.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The most bytes of batches being stored at a time; what comes beyond is told to try again. Of several log stores none may have more than half. 256 MiB.</summary>
    public long MaxProduceBytesInHand { get; set; } = 256L * 1024 * 1024;

    /// <summary>The most bytes of answers to fetches being put together at a time; what comes beyond is told to try again. 256 MiB.</summary>
    public long MaxFetchBytesInHand { get; set; } = 256L * 1024 * 1024;

    /// <summary>The timing of groups whose members speak Kafka's classic protocol.</summary>
    public ClassicGroupOptions ClassicGroups { get; set; } = new();
}
