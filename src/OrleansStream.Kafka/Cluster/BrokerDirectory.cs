using System.Globalization;
using Microsoft.Extensions.Options;
using Orleans.Runtime.MembershipService.SiloMetadata;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Placement;

namespace OrleansStream.Kafka.Cluster;

/// <summary>
/// The silos that serve Kafka clients, and where. Each silo tells its address to the others as Orleans' silo metadata, so it is known a moment
/// after the silo is. Safe for concurrent use.
/// </summary>
internal sealed class BrokerDirectory(
    PartitionDirectory silos, ISiloMetadataCache metadata, IOptions<KafkaOptions> options, IOptions<OrleansStreamServerOptions> server)
{
    /// <summary>The name under which a silo tells <c>host:port</c>.</summary>
    public const string MetadataKey = "orleansstream.kafka";

    /// <summary>All of them, oldest silo first. At least this one.</summary>
    public IReadOnlyList<Broker> All
    {
        get
        {
            var active = silos.Silos;
            var ids = BrokerIds.Assign(active.Contains(silos.LocalSilo) ? active : [.. active, silos.LocalSilo]);
            return [.. ids.Keys.OrderBy(silo => silo.Generation).ThenBy(silo => ids[silo]).Select(silo => Find(silo, ids[silo])).OfType<Broker>()];
        }
    }

    /// <summary>This silo, as clients see it.</summary>
    public Broker Local => All.First(broker => broker.Silo.Equals(silos.LocalSilo));

    /// <summary>This silo.</summary>
    public SiloAddress LocalSilo => silos.LocalSilo;

    /// <summary>
    /// The silo that a group's clients are sent to: the same for everybody who sees the same silos, and for most groups still the same when a
    /// silo comes or goes. Any silo can serve any group, so a client that goes by an older answer is served as well.
    /// </summary>
    public static Broker CoordinatorOf(string group, IReadOnlyList<Broker> brokers) => brokers.MaxBy(broker => (Weight(group, broker.Id), broker.Id))!;

    private static ulong Weight(string group, int broker)
    {
        var hash = StableHash.Of(group, (ulong)broker);

        // The last characters reach the upper bits only here.
        hash = unchecked((hash ^ (hash >> 31)) * 0x9E3779B97F4A7C15UL);
        return hash ^ (hash >> 29);
    }

    private Broker? Find(SiloAddress silo, int id)
    {
        var address = silo.Equals(silos.LocalSilo) ? options.Value.AddressFor(server.Value) : metadata.GetSiloMetadata(silo)?.Metadata.GetValueOrDefault(MetadataKey);
        var colon = address?.LastIndexOf(':') ?? -1;
        return colon > 0 && int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new Broker(id, address![..colon], port, silo)
            : null;
    }
}
