namespace OrleansStream.Abstractions.Tests.Topics;

public sealed class PartitionIdTests
{
    private static readonly Guid s_topic = Guid.Parse("0123456789abcdef0123456789abcdef");

    [Fact]
    public void Its_text_is_read_back()
    {
        var id = new PartitionId(s_topic, 12);

        Assert.Equal("0123456789abcdef0123456789abcdef-12", id.ToString());
        Assert.True(PartitionId.TryParse(id.ToString(), out var parsed));
        Assert.Equal(id, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef-")]
    [InlineData("0123456789abcdef0123456789abcdef--1")]
    [InlineData("0123456789abcdef0123456789abcdef-1x")]
    [InlineData("0123456789abcdef0123456789abcdef_1")]
    [InlineData("0123456789abcdef0123456789abcdeg-1")]
    [InlineData("0123456789abcdef0123456789abcdef-99999999999")]
    public void Other_text_is_refused(string text)
    {
        Assert.False(PartitionId.TryParse(text, out var id));
        Assert.Equal(default, id);
    }

    [Fact]
    public void It_crosses_the_wire_like_its_neighbours()
    {
        Assert.Equal(new PartitionId(s_topic, 3), Wire.Send(new PartitionId(s_topic, 3)));
        Assert.Equal(new TopicPartition("orders", 3), Wire.Send(new TopicPartition("orders", 3)));
        Assert.Equal("orders-3", new TopicPartition("orders", 3).ToString());
        Assert.Equal(new Offset(long.MaxValue), Wire.Send(new Offset(long.MaxValue)));
        Assert.Equal(new LeaderEpoch(7), Wire.Send(new LeaderEpoch(7)));
        Assert.Equal(new Generation(7), Wire.Send(new Generation(7)));
    }
}
