using System.Buffers;
using System.Text;
using OrleansStream.Cli.Records;
using OrleansStream.Records;

namespace OrleansStream.Cli.Tests.Records;

public sealed class HeaderTextTests
{
    [Theory]
    [InlineData("a=1", "a", "1")]
    [InlineData("a=", "a", "")]
    [InlineData("a", "a", null)]
    [InlineData("a=b=c", "a", "b=c")]
    [InlineData(@"a\=b=c\,d\\\t\n\r", "a=b", "c,d\\\t\n\r")]
    [InlineData(@"a=1\", "a", @"1\")]
    public void One_header_is_a_name_and_perhaps_a_value(string text, string name, string? value)
    {
        var header = Assert.Single(HeaderText.Parse(Encoding.UTF8.GetBytes(text)));

        Assert.Equal(name, header.Key);
        Assert.Equal(value, header.Value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null);
    }

    [Fact]
    public void Empty_text_has_no_headers()
    {
        Assert.Empty(HeaderText.Parse(default));
    }

    [Fact]
    public void What_was_written_reads_back_the_same()
    {
        byte[] everyByte = [.. Enumerable.Range(0, 256).Select(b => (byte)b)];
        RecordHeader[] headers = [new("plain", "1"u8.ToArray()), new("a,b=c\\d\te\nf", everyByte), new("null", null), new("empty", Array.Empty<byte>()), new("", null)];
        var text = new ArrayBufferWriter<byte>();

        HeaderText.Write(headers, text);
        var read = HeaderText.Parse(text.WrittenSpan);

        Assert.DoesNotContain((byte)'\n', text.WrittenSpan.ToArray());
        Assert.DoesNotContain((byte)'\t', text.WrittenSpan.ToArray());
        Assert.Equal(headers.Select(h => h.Key), read.Select(h => h.Key));
        Assert.Equal(headers.Select(h => h.Value?.ToArray()), read.Select(h => h.Value?.ToArray()));
    }
}
