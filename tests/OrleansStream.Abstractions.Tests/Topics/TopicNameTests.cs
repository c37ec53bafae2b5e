using OrleansStream.Topics;

namespace OrleansStream.Abstractions.Tests.Topics;

public sealed class TopicNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("orders.v1_EU-west")]
    [InlineData("...")]
    [InlineData("__consumer_offsets")]
    public void Letters_digits_dots_underscores_and_dashes_are_accepted(string name)
    {
        Assert.True(TopicName.IsValid(name, out var problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData(".", "'.'")]
    [InlineData("..", "'..'")]
    [InlineData("a b", "' ' at position 1")]
    [InlineData("päpstlich", "'ä' at position 1")]
    [InlineData("a/b", "'/'")]
    public void Others_are_refused_with_the_reason(string? name, string reason)
    {
        Assert.False(TopicName.IsValid(name, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_name_has_249_characters()
    {
        Assert.True(TopicName.IsValid(new string('a', 249), out _));
        Assert.False(TopicName.IsValid(new string('a', 250), out var problem));
        Assert.Contains("250", problem, StringComparison.Ordinal);
    }
}
