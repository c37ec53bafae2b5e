using System.Buffers;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Cli.Records;

/// <summary>Lends the producer memory that is reused for the next line, and can say "no key", which plain memory cannot.</summary>
internal sealed class OptionalBytes : ISerializer<ReadOnlyMemory<byte>?>
{
    public static OptionalBytes Instance { get; } = new();

    public void Serialize(ReadOnlyMemory<byte>? value, IBufferWriter<byte> writer) => writer.Write(value.GetValueOrDefault().Span);

    public ReadOnlyMemory<byte>? Deserialize(ReadOnlySpan<byte> data) => data.ToArray();
}
