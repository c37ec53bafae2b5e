using System.Text;
using OrleansStream.Dashboard.Records;

namespace OrleansStream.Dashboard.Tests.Records;

public sealed class PayloadTests
{
    [Fact]
    public void Json_is_shown_as_json_and_text_as_text_and_the_rest_as_hexadecimal()
    {
        var json = Payload.Of("""{"name":"Änne","list":[1,2]}"""u8.ToArray());
        var text = Payload.Of("hello\nworld"u8.ToArray());
        var number = Payload.Of("42"u8.ToArray());
        var binary = Payload.Of([0xff, 0x00, 0x41]);

        Assert.Equal((PayloadKind.Json, PayloadKind.Text, PayloadKind.Text, PayloadKind.Binary), (json.Kind, text.Kind, number.Kind, binary.Kind));
        Assert.Contains("  \"name\": \"Änne\",\n", json.Full, StringComparison.Ordinal);
        Assert.Equal(("hello world", "hello\nworld"), (text.Line, text.Full));
        Assert.StartsWith("000000  ff 00 41", binary.Full, StringComparison.Ordinal);
        Assert.EndsWith("··A\n", binary.Full, StringComparison.Ordinal);
    }

    [Fact]
    public void Absent_and_empty_are_not_the_same()
    {
        Assert.Equal((PayloadKind.Null, "null"), (Payload.Of(null).Kind, Payload.Of(null).Line));
        Assert.Equal((PayloadKind.Empty, "empty"), (Payload.Of([]).Kind, Payload.Of([]).Line));
    }

    [Fact]
    public void What_only_looks_like_json_is_text()
    {
        Assert.Equal(PayloadKind.Text, Payload.Of("{not json"u8.ToArray()).Kind);
        Assert.Equal(PayloadKind.Text, Payload.Of("[1,2] and more"u8.ToArray()).Kind);
    }

    [Fact]
    public void Of_a_large_value_the_beginning_is_laid_out()
    {
        var large = Payload.Of(Encoding.UTF8.GetBytes(new string('a', 1_000_000)));

        Assert.True(large.IsCut);
        Assert.True(large.Full.Length < 300_000 && large.Line.Length < 200);
    }
}
