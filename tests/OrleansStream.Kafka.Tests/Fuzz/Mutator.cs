using System.Buffers.Binary;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Messages;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Fuzz;

/// <summary>
/// Makes frames, each with its length in front, that are nearly right: from what real clients sent, or from messages with random fields, by a few
/// changes. The same seed makes the same frames. Used by one thread.
/// </summary>
internal sealed class Mutator(IReadOnlyList<byte[]> corpus, int seed)
{
    private static readonly long[] s_interesting =
    [
        0, 1, -1, 2, 7, 8, 127, 128, 255, 256, short.MaxValue, short.MinValue, 65_535, 65_536, int.MaxValue, int.MinValue, uint.MaxValue,
        long.MaxValue, long.MinValue, 1_000_000, 100_000,
    ];

    private static readonly ApiDescription[] s_apis = [.. ApiCatalog.All];

    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var frame = _random.Next(4) == 0 ? Made() : corpus[_random.Next(corpus.Count)].ToArray();
        for (var changes = _random.Next(5); changes > 0; changes--)
        {
            frame = Change(frame);
        }

        // A length that does not fit only now and then: what follows it can no longer be told apart then.
        var lies = _random.Next(50) == 0;
        BinaryPrimitives.WriteInt32BigEndian(frame, lies ? (int)s_interesting[_random.Next(s_interesting.Length)] : frame.Length - sizeof(int));
        return frame;
    }

    /// <summary>A request of any API and version whose fields are random.</summary>
    private byte[] Made()
    {
        var api = s_apis[_random.Next(s_apis.Length)];
        var version = (short)_random.Next(api.MinVersion, api.MaxVersion + 1);
        var type = typeof(ApiCatalog).Assembly.GetType($"OrleansStream.Kafka.Messages.{api.Key}Request", throwOnError: true)!;
        using var writer = new KafkaWriter();
        writer.BeginFrame();
        writer.WriteInt16((short)api.Key);
        writer.WriteInt16(version);
        writer.WriteInt32(_random.Next());
        writer.WriteNullableString("fuzz", flexible: false);
        if (api.IsFlexible(version))
        {
            writer.WriteTagCount(0);
        }

        ((IKafkaMessage)new MessageFiller(_random.Next(), withNulls: false).Create(type)).Write(writer, version);
        writer.EndFrame();
        return [.. writer.Pieces().SelectMany(piece => piece.ToArray())];
    }

    private byte[] Change(byte[] frame)
    {
        // The length in front is put right afterwards.
        var at = _random.Next(sizeof(int), frame.Length);
        switch (_random.Next(8))
        {
            case 0:
                frame[at] ^= (byte)(1 << _random.Next(8));
                return frame;
            case 1:
                frame[at] = (byte)_random.Next(256);
                return frame;
            case 2 or 3:
                return PutNumber(frame, at);
            case 4:
                return frame[..Math.Max(12, at)];
            case 5:
                return [.. frame[..at], .. frame[Math.Max(sizeof(int), at - _random.Next(64))..]];
            case 6:
                return frame.Length > 24 ? [.. frame[..at], .. frame[Math.Min(frame.Length, at + _random.Next(8))..]] : frame;
            default:
                var other = corpus[_random.Next(corpus.Count)];
                return [.. frame[..Math.Max(12, at)], .. other[Math.Min(other.Length, at)..]];
        }
    }

    private byte[] PutNumber(byte[] frame, int at)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, unchecked(s_interesting[_random.Next(s_interesting.Length)] + _random.Next(-1, 2)));
        number = number[(sizeof(long) - (1 << _random.Next(4)))..];
        number[..Math.Min(number.Length, frame.Length - at)].CopyTo(frame.AsSpan(at));
        return frame;
    }
}
