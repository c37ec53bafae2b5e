using OrleansStream.Topics;

namespace OrleansStream.Abstractions.Tests.Topics;

public sealed class TopicConfigurationTests
{
    [Fact]
    public void What_is_not_set_keeps_its_default()
    {
        Assert.Equal(TopicConfiguration.Default, TopicConfiguration.Parse(new Dictionary<string, string>()));
        Assert.Equal(
            TopicConfiguration.Default with { RetentionBytes = 5 },
            TopicConfiguration.Parse(new Dictionary<string, string> { ["retention.bytes"] = "5" }));
    }

    [Fact]
    public void The_listed_defaults_are_the_defaults()
    {
        var listed = TopicConfiguration.Settings.ToDictionary(s => s.Name, s => s.DefaultValue);

        Assert.Equal(TopicConfiguration.Default, TopicConfiguration.Parse(listed));
        Assert.Equal(listed.Keys.Order(StringComparer.Ordinal), TopicConfiguration.Settings.Select(s => s.Name));
    }

    [Fact]
    public void Every_setting_is_read()
    {
        var configuration = TopicConfiguration.Parse(new Dictionary<string, string>
        {
            ["flush.mode"] = "os",
            ["max.message.bytes"] = "2048",
            ["message.timestamp.after.max.ms"] = "1000",
            ["retention.bytes"] = "-1",
            ["retention.ms"] = "-1",
            ["segment.bytes"] = "65536",
            ["segment.ms"] = "5000",
        });

        Assert.Equal(
            new TopicConfiguration
            {
                FlushMode = FlushMode.Os,
                MaxBatchBytes = 2048,
                MaxTimestampAhead = TimeSpan.FromSeconds(1),
                RetentionBytes = null,
                Retention = null,
                SegmentBytes = 65536,
                SegmentAge = TimeSpan.FromSeconds(5),
            },
            configuration);
    }

    [Theory]
    [InlineData("retention.hours", "1")]
    [InlineData("flush.mode", "never")]
    [InlineData("retention.ms", "soon")]
    [InlineData("retention.ms", "-2")]
    [InlineData("retention.ms", "1.5")]
    [InlineData("retention.bytes", "99999999999999999999")]
    [InlineData("segment.bytes", "1")]
    [InlineData("max.message.bytes", "2147483647")]
    public void A_wrong_setting_is_refused_by_its_name(string name, string value)
    {
        var e = Assert.Throws<OrleansStreamException>(() => TopicConfiguration.Parse(new Dictionary<string, string> { [name] = value }));

        Assert.Equal(ErrorCode.InvalidConfig, e.ErrorCode);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_must_fit_into_a_segment()
    {
        var e = Assert.Throws<OrleansStreamException>(() => TopicConfiguration.Parse(
            new Dictionary<string, string> { ["segment.bytes"] = "65536", ["max.message.bytes"] = "65537" }));

        Assert.Contains("max.message.bytes (65537)", e.Message, StringComparison.Ordinal);
    }
}
