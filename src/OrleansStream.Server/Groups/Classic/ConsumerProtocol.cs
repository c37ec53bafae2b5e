using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>
/// The bytes that Kafka's consumers exchange through the coordinator, as far as the coordinator shows them to people. Members alone
/// decide what they mean, so bytes that look different are shown as nothing and are passed on untouched.
/// </summary>
/// <remarks>
/// Subscription: version i16, topics (i32 count, each a string with i16 length), more that is not read. Assignment: version i16, topics
/// (i32 count, each a name and its partitions: i32 count, each i32), user data (i32 length, -1 for none).
/// </remarks>
internal static class ConsumerProtocol
{
    /// <summary>The protocol type under which the bytes have this form.</summary>
    public const string Type = "consumer";

    /// <summary>The topics of a subscription.</summary>
    public static string[] ReadTopics(ReadOnlySpan<byte> subscription)
    {
        var reader = new Reader(subscription);
        if (!reader.TryReadInt16(out _) || !reader.TryReadCount(sizeof(short), out var count))
        {
            return [];
        }

        var topics = new string[count];
        for (var at = 0; at < count; at++)
        {
            if (!reader.TryReadString(out var topic))
            {
                return [];
            }

            topics[at] = topic;
        }

        return topics;
    }

    /// <summary>The partitions of an assignment.</summary>
    public static TopicPartition[] ReadPartitions(ReadOnlySpan<byte> assignment)
    {
        var reader = new Reader(assignment);
        var partitions = new List<TopicPartition>();
        if (!reader.TryReadInt16(out _) || !reader.TryReadCount(sizeof(short) + sizeof(int), out var count))
        {
            return [];
        }

        for (var topics = 0; topics < count; topics++)
        {
            if (!reader.TryReadString(out var topic) || !reader.TryReadCount(sizeof(int), out var numbers))
            {
                return [];
            }

            for (var at = 0; at < numbers; at++)
            {
                if (!reader.TryReadInt32(out var partition))
                {
                    return [];
                }

                partitions.Add(new TopicPartition(topic, partition));
            }
        }

        return [.. partitions];
    }

    /// <summary>Writes a subscription, version 0, without user data.</summary>
    public static byte[] WriteTopics(IReadOnlyCollection<string> topics)
    {
        var writer = new MemoryStream();
        WriteInt16(writer, 0);
        WriteInt32(writer, topics.Count);
        foreach (var topic in topics)
        {
            WriteString(writer, topic);
        }

        WriteInt32(writer, -1);
        return writer.ToArray();
    }

    /// <summary>Writes an assignment, version 0, without user data.</summary>
    public static byte[] WritePartitions(IEnumerable<TopicPartition> partitions)
    {
        var writer = new MemoryStream();
        var topics = partitions.GroupBy(partition => partition.Topic, StringComparer.Ordinal).ToList();
        WriteInt16(writer, 0);
        WriteInt32(writer, topics.Count);
        foreach (var topic in topics)
        {
            WriteString(writer, topic.Key);
            WriteInt32(writer, topic.Count());
            foreach (var partition in topic)
            {
                WriteInt32(writer, partition.Partition);
            }
        }

        WriteInt32(writer, -1);
        return writer.ToArray();
    }

    private static void WriteString(Stream to, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteInt16(to, checked((short)bytes.Length));
        to.Write(bytes);
    }

    private static void WriteInt16(Stream to, short value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        to.Write(bytes);
    }

    private static void WriteInt32(Stream to, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        to.Write(bytes);
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool TryReadInt16(out short value)
        {
            var isThere = BinaryPrimitives.TryReadInt16BigEndian(_rest, out value);
            _rest = isThere ? _rest[sizeof(short)..] : _rest;
            return isThere;
        }

        public bool TryReadInt32(out int value)
        {
            var isThere = BinaryPrimitives.TryReadInt32BigEndian(_rest, out value);
            _rest = isThere ? _rest[sizeof(int)..] : _rest;
            return isThere;
        }

        /// <summary>A count of things that take at least <paramref name="least"/> bytes each, so that a wrong one reserves no memory.</summary>
        public bool TryReadCount(int least, out int count) => TryReadInt32(out count) && count >= 0 && count <= _rest.Length / least;

        public bool TryReadString([NotNullWhen(true)] out string? text)
        {
            text = null;
            if (!TryReadInt16(out var length) || length < 0 || length > _rest.Length)
            {
                return false;
            }

            text = Encoding.UTF8.GetString(_rest[..length]);
            _rest = _rest[length..];
            return true;
        }
    }
}
