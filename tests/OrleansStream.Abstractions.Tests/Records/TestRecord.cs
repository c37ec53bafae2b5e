using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

/// <summary>A record that can be kept and compared; null and empty are different in it, as they are in a batch.</summary>
internal sealed record TestRecord(long TimestampMs, byte[]? Key, byte[]? Value, params (string Key, byte[]? Value)[] Headers)
{
    public const int MaxDecompressedBytes = 16 * 1024 * 1024;

    public static TheoryData<CompressionType> Codecs => new(Enum.GetValues<CompressionType>());

    /// <summary>One of each kind of key, value, header and timestamp.</summary>
    public static TestRecord[] Samples { get; } =
    [
        new(1_700_000_000_000, null, null),
        new(1_700_000_000_001, [], []),
        new(1_699_999_999_000, "key"u8.ToArray(), "value"u8.ToArray()),
        new(1_700_000_000_002, null, new byte[300], ("a", "1"u8.ToArray()), ("a", null), ("", [])),
        new(0, "k"u8.ToArray(), null, ("名前", Encoding.UTF8.GetBytes("ümlaut"))),
        new(4_102_444_800_000, [], Enumerable.Repeat((byte)'x', 5000).ToArray()),
        new(-1, "last"u8.ToArray(), [0, 1, 2]),
    ];

    /// <summary>Readable records that compress well.</summary>
    public static TestRecord[] Many(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new TestRecord(
            1_700_000_000_000 + random.Next(100_000),
            random.Next(3) == 0 ? null : Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"user-{random.Next(1000)}")),
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"visited page {random.Next(50)} of the catalogue, visit {i}"))))];
    }

    public bool AppendTo(RecordBatchBuilder builder) => builder.TryAppend(new RecordFields
    {
        TimestampMs = TimestampMs,
        Key = Key,
        IsKeyNull = Key is null,
        Value = Value,
        IsValueNull = Value is null,
        Headers = [.. Headers.Select(h => new RecordHeader(h.Key, h.Value))],
    });

    public static byte[] Build(CompressionType compression, IEnumerable<TestRecord> records, long producerId = -1, short producerEpoch = -1, int baseSequence = -1)
    {
        using var builder = new RecordBatchBuilder(compression, ProtocolLimits.MaxRecordBytes);
        foreach (var record in records)
        {
            Assert.True(record.AppendTo(builder));
        }

        using var bytes = builder.Build(producerId, producerEpoch, baseSequence);
        return bytes.Memory.ToArray();
    }

    public static List<(Offset Offset, TestRecord Record)> ReadAll(ReadOnlyMemory<byte> batch, int maxDecompressedBytes = MaxDecompressedBytes)
    {
        using var cursor = RecordCursor.Open(batch, maxDecompressedBytes);
        var records = new List<(Offset, TestRecord)>();
        while (cursor.MoveNext())
        {
            var headers = cursor.ReadHeaders();
            Assert.Equal(cursor.HeaderCount, headers.Length);
            records.Add((cursor.Offset, new TestRecord(
                cursor.TimestampMs,
                cursor.IsKeyNull ? null : cursor.Key.ToArray(),
                cursor.IsValueNull ? null : cursor.Value.ToArray(),
                [.. headers.Select(h => (h.Key, h.Value?.ToArray()))])));
        }

        return records;
    }

    public bool Equals(TestRecord? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{TimestampMs} {Hex(Key)}={Hex(Value)} [{string.Join(", ", Headers.Select(h => $"{h.Key}={Hex(h.Value)}"))}]");

    private static string Hex(byte[]? bytes) => bytes switch
    {
        null => "null",
        { Length: > 40 } => string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes {Convert.ToHexString(SHA256.HashData(bytes))}"),
        _ => $"0x{Convert.ToHexString(bytes)}",
    };
}
