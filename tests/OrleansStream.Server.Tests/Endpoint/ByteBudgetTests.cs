using OrleansStream.Server.Endpoint;

namespace OrleansStream.Server.Tests.Endpoint;

public sealed class ByteBudgetTests
{
    [Fact]
    public void It_gives_what_there_is_and_no_more()
    {
        var budget = new ByteBudget(100);

        Assert.True(budget.TryTake(60));
        Assert.False(budget.TryTake(41));
        Assert.True(budget.TryTake(40));
        budget.Return(100);

        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void A_request_larger_than_the_whole_is_let_in_alone()
    {
        var budget = new ByteBudget(100);

        Assert.True(budget.TryTake(101));
        Assert.False(budget.TryTake(1));
    }
}
