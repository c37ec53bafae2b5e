namespace OrleansStream.Cli.Tests;

public sealed class StartPositionTests
{
    [Fact]
    public void Beginning_and_end_are_words()
    {
        Assert.True(StartPosition.TryParse("beginning", out var beginning));
        Assert.True(StartPosition.TryParse("end", out var end));
        Assert.Equal(StartPosition.Beginning, beginning);
        Assert.True(end.IsEnd);
        Assert.NotEqual(beginning, end);
    }

    [Fact]
    public void Digits_are_an_offset()
    {
        Assert.True(StartPosition.TryParse("1200", out var position));
        Assert.Equal(new Offset(1200), position.Offset);
        Assert.Null(position.Time);
    }

    [Theory]
    [InlineData("2026-01-31", "2026-01-31T00:00:00+00:00")]
    [InlineData("2026-01-31T18:30", "2026-01-31T18:30:00+00:00")]
    [InlineData("2026-01-31T18:30:15Z", "2026-01-31T18:30:15+00:00")]
    [InlineData("2026-01-31 18:30:15.25", "2026-01-31T18:30:15.25+00:00")]
    [InlineData("2026-01-31T18:30:15.123+02:00", "2026-01-31T16:30:15.123+00:00")]
    public void A_time_is_utc_unless_it_says_otherwise(string text, string expected)
    {
        Assert.True(StartPosition.TryParse(text, out var position));
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), position.Time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("start")]
    [InlineData("1.5")]
    [InlineData("31.01.2026")]
    [InlineData("2026-13-01")]
    public void Everything_else_is_refused(string text)
    {
        Assert.False(StartPosition.TryParse(text, out _));
    }
}
