namespace OrleansStream.Dashboard.Tests;

public sealed class TextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(123_456_789, "118 MiB")]
    public void Bytes_have_three_digits(double bytes, string text) => Assert.Equal(text, Text.Bytes(bytes));

    [Fact]
    public void Numbers_are_easy_to_read()
    {
        Assert.Equal("1\u202f234\u202f567", Text.Count(1_234_567));
        Assert.Equal("1.23\u202fM", Text.Short(1_234_567));
        Assert.Equal(("1 silo", "2 silos"), (Text.Plural(1, "silo"), Text.Plural(2, "silo")));
    }

    [Theory]
    [InlineData(0.25, "250 ms")]
    [InlineData(4.2, "4.2 s")]
    [InlineData(75, "1 min 15 s")]
    [InlineData(7200, "2 h 00 min")]
    [InlineData(90_000, "1 d 1 h")]
    public void Times_have_one_unit_or_two(double seconds, string text) => Assert.Equal(text, Text.Duration(TimeSpan.FromSeconds(seconds)));
}
