using System.Buffers;

namespace OrleansStream.Client.Serialization;

/// <summary>
/// Turns keys or values of one type into bytes and back. One instance serves all threads. Null never reaches it: the client
/// writes a null key or value as "absent", which is not the same as empty.
/// </summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface ISerializer<T>
{
    /// <summary>Writes <paramref name="value"/>; the client copies what was written before it calls again.</summary>
    void Serialize(T value, IBufferWriter<byte> writer);

    /// <summary>Reads a value; <paramref name="data"/> goes back to a pool afterwards, so nothing may keep it.</summary>
    T Deserialize(ReadOnlySpan<byte> data);
}
