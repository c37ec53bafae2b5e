using System.Buffers.Binary;

namespace OrleansStream.Server.Placement;

/// <summary>
/// The weights of rendezvous hashing: how much a silo wants a partition. They depend on nothing but topic, partition and the
/// silo's address, so that every silo, whatever its process or version, computes the same; never change them.
/// </summary>
internal static class PlacementWeight
{
    public static ulong OfTopic(Guid topicId)
    {
        Span<byte> bytes = stackalloc byte[16];
        topicId.TryWriteBytes(bytes, bigEndian: true, out _);
        return Mix(BinaryPrimitives.ReadUInt64BigEndian(bytes) ^ Mix(BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])));
    }

    public static ulong OfGroup(string groupId)
    {
        var weight = 0UL;
        foreach (var character in groupId)
        {
            weight = Mix(weight ^ character);
        }

        return weight;
    }

    /// <summary>Of host and port only: a silo that restarts in its place wants what it had.</summary>
    public static ulong OfSilo(SiloAddress silo)
    {
        Span<byte> bytes = stackalloc byte[16];
        silo.Endpoint.Address.MapToIPv6().TryWriteBytes(bytes, out _);
        var high = Mix(BinaryPrimitives.ReadUInt64BigEndian(bytes));
        return Mix(high ^ Mix(BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) ^ Mix((ulong)silo.Endpoint.Port)));
    }

    /// <summary>A number from 0 to <see cref="long.MaxValue"/>, evenly spread.</summary>
    public static long Of(ulong topic, int partition, ulong silo) => (long)(Mix(topic ^ Mix((ulong)partition ^ silo)) >> 1);

    /// <summary>The finalizer of SplitMix64: every bit of the result depends on every bit of the input.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
