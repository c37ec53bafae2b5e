using System.Buffers;
using System.Text;
using OrleansStream.Cli.Records;
using OrleansStream.Client.Consuming;
using OrleansStream.Records;

namespace OrleansStream.Cli.Tests.Records;

public sealed class RecordFormatTests
{
    private static readonly ConsumedRecord<byte[], byte[]> s_record = new(
        new TopicPartition("orders", 3),
        new Offset(1234567890123),
        TimestampMs: 1767323045678,
        "key"u8.ToArray(),
        "value"u8.ToArray(),
        [new RecordHeader("a", "1"u8.ToArray()), new RecordHeader("b", null)],
        LeaderEpoch.None);

    [Theory]
    [InlineData(RecordFormat.Default, "value\n")]
    [InlineData("%k\\t%v", "key\tvalue")]
    [InlineData("%t-%p@%o", "orders-3@1234567890123")]
    [InlineData("%h", "a=1,b")]
    [InlineData("%T", "2026-01-02T03:04:05.678Z")]
    [InlineData("%m", "1767323045678")]
    [InlineData("100%% \\\\ \\0", "100% \\ \0")]
    [InlineData("äöü %v", "äöü value")]
    [InlineData("", "")]
    public void Placeholders_stand_for_the_parts_of_a_record(string format, string output)
    {
        Assert.Equal(output, Write(format, s_record));
    }

    [Fact]
    public void A_missing_key_or_value_is_written_as_nothing()
    {
        Assert.Equal("[][]", Write("[%k][%v]", s_record with { Key = null, Value = null }));
    }

    [Theory]
    [InlineData("%z", "'%z' means nothing")]
    [InlineData("100%", "'%' means nothing")]
    [InlineData("\\k", "'\\k' means nothing")]
    [InlineData("end\\", "'\\' means nothing")]
    public void An_unknown_placeholder_is_refused(string text, string problem)
    {
        Assert.False(RecordFormat.TryParse(text, out _, out var found));
        Assert.StartsWith(problem, found, StringComparison.Ordinal);
    }

    private static string Write(string format, ConsumedRecord<byte[], byte[]> record)
    {
        var output = new ArrayBufferWriter<byte>();
        RecordFormat.Parse(format).Write(record, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
