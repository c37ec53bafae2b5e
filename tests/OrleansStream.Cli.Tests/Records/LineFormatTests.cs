using System.Text;
using OrleansStream.Cli.Records;

namespace OrleansStream.Cli.Tests.Records;

public sealed class LineFormatTests
{
    [Fact]
    public void Without_a_separator_the_line_is_the_value()
    {
        var record = Parse(new LineFormat(null, hasHeaders: false, keyIsOptional: false), "key:value");

        Assert.Null(record.Key);
        Assert.Equal("key:value", Text(record.Value));
    }

    [Theory]
    [InlineData(":", "key:value", "key", "value")]
    [InlineData(":", "key:a:b", "key", "a:b")]
    [InlineData(":", ":value", "", "value")]
    [InlineData(":", "key:", "key", "")]
    [InlineData("\t", "key\tvalue", "key", "value")]
    [InlineData("=>", "key=>value", "key", "value")]
    [InlineData("→", "ключ→значение", "ключ", "значение")]
    public void The_first_separator_divides_key_and_value(string separator, string line, string key, string value)
    {
        var record = Parse(new LineFormat(separator, hasHeaders: false, keyIsOptional: false), line);

        Assert.Equal(key, Text(record.Key!.Value));
        Assert.Equal(value, Text(record.Value));
    }

    [Fact]
    public void A_line_without_its_separator_is_refused_by_its_number()
    {
        var format = new LineFormat(":", hasHeaders: false, keyIsOptional: false);

        var refusal = Assert.Throws<CommandException>(() => Parse(format, "no separator"));

        Assert.StartsWith("Line 7 has no key", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_optional_key_may_be_missing()
    {
        var record = Parse(new LineFormat(":", hasHeaders: false, keyIsOptional: true), "no separator");

        Assert.Null(record.Key);
        Assert.Equal("no separator", Text(record.Value));
    }

    [Fact]
    public void Headers_come_before_a_tab()
    {
        var record = Parse(new LineFormat(":", hasHeaders: true, keyIsOptional: false), "trace=42,retry\tkey:value");

        Assert.Equal("key", Text(record.Key!.Value));
        Assert.Equal("value", Text(record.Value));
        Assert.Equal(["trace", "retry"], record.Headers!.Select(h => h.Key));
    }

    [Fact]
    public void A_line_without_the_tab_after_headers_is_refused_by_its_number()
    {
        var format = new LineFormat(null, hasHeaders: true, keyIsOptional: false);

        var refusal = Assert.Throws<CommandException>(() => Parse(format, "trace=42"));

        Assert.StartsWith("Line 7 has no tab", refusal.Message, StringComparison.Ordinal);
    }

    private static RecordLine Parse(LineFormat format, string line) => format.Parse(Encoding.UTF8.GetBytes(line), lineNumber: 7);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
