namespace OrleansStream.Cli.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30s", 30)]
    [InlineData("30", 30)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2m", 120)]
    [InlineData("1H", 3600)]
    [InlineData("0", 0)]
    public void A_duration_is_a_number_and_a_unit(string text, double seconds)
    {
        Assert.True(Quantity.TryParseDuration(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("10 s")]
    [InlineData("10d")]
    [InlineData("1e9h")]
    [InlineData("99999999h")]
    public void What_is_no_duration_is_refused(string text)
    {
        Assert.False(Quantity.TryParseDuration(text, out _));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1_000_000", 1_000_000)]
    [InlineData("64k", 64_000)]
    [InlineData("3M", 3_000_000)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void A_count_may_be_short_for_thousands_and_millions(string text, long expected)
    {
        Assert.True(Quantity.TryParseCount(text, out var count));
        Assert.Equal(expected, count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.5k")]
    [InlineData("5g")]
    [InlineData("9223372036854775808")]
    [InlineData("9223372036854775807k")]
    public void What_is_no_count_is_refused(string text)
    {
        Assert.False(Quantity.TryParseCount(text, out _));
    }
}
