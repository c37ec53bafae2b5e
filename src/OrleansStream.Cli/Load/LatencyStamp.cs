using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Cli.Load;

/// <summary>The beginning of a value in a latency run: which run it belongs to, and when it was due.</summary>
/// <param name="RunId">Tells this run's records from others in the topic.</param>
/// <param name="Due">A timestamp of the process's stopwatch.</param>
internal readonly record struct LatencyStamp(Guid RunId, long Due)
{
    /// <summary>The stamp's length; no value is shorter.</summary>
    public const int Bytes = 24;
}

/// <summary>Writes a stamp and fills the value up to its size; reads the stamp alone.</summary>
internal sealed class LatencyStampSerializer(int valueBytes) : ISerializer<LatencyStamp>
{
    private readonly byte[] _filler = new LoadValues(valueBytes).Next()[LatencyStamp.Bytes..].ToArray();

    public void Serialize(LatencyStamp value, IBufferWriter<byte> writer)
    {
        var span = writer.GetSpan(LatencyStamp.Bytes);
        value.RunId.TryWriteBytes(span);
        BinaryPrimitives.WriteInt64LittleEndian(span[16..], value.Due);
        writer.Advance(LatencyStamp.Bytes);
        writer.Write(_filler);
    }

    public LatencyStamp Deserialize(ReadOnlySpan<byte> data) => data.Length < LatencyStamp.Bytes
        ? default
        : new LatencyStamp(new Guid(data[..16]), BinaryPrimitives.ReadInt64LittleEndian(data[16..]));
}
