namespace OrleansStream.Kafka.Cluster;

/// <summary>
/// The numbers that Kafka clients know silos by. A silo's is made from the address that it has in the cluster, so it survives a restart, every
/// silo computes it alike, and nobody has to configure or store it. Should two silos of a cluster come out the same, which happens once
/// in tens of thousands of clusters, the one whose address is the later text takes the next free number as long as both are there.
/// </summary>
internal static class BrokerIds
{
    /// <summary>Six digits at most, because people read them.</summary>
    private const int Count = 999_999;

    /// <summary>The numbers of silos that live at the same time.</summary>
    public static Dictionary<SiloAddress, int> Assign(IEnumerable<SiloAddress> silos)
    {
        var ids = new Dictionary<SiloAddress, int>();
        var taken = new HashSet<int>();

        // Of two lives of one silo only the later one can be reached.
        var latest = silos.GroupBy(silo => silo.Endpoint.ToString(), StringComparer.Ordinal).OrderBy(lives => lives.Key, StringComparer.Ordinal);
        foreach (var lives in latest)
        {
            var id = Natural(lives.Key);
            while (!taken.Add(id))
            {
                id = (id % Count) + 1;
            }

            ids.Add(lives.MaxBy(silo => silo.Generation)!, id);
        }

        return ids;
    }

    private static int Natural(string address) => (int)(StableHash.Of(address) % Count) + 1;
}
