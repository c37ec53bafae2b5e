using OrleansStream.Server.Endpoint;

namespace OrleansStream.Server.Tests.Endpoint;

public sealed class ProduceBudgetTests
{
    [Fact]
    public void One_store_may_have_everything_as_long_as_there_is_no_other()
    {
        var budget = new ProduceBudget(100);

        Assert.True(budget.TryTake("a", 60));
        Assert.True(budget.TryTake("a", 40));
        Assert.False(budget.TryTake("a", 1));
        budget.Return("a", 40);
        Assert.True(budget.TryTake("a", 40));
    }

    [Fact]
    public void A_store_that_gives_nothing_back_leaves_half_to_the_others()
    {
        var budget = new ProduceBudget(100);
        Assert.True(budget.TryTake("b", 10));
        budget.Return("b", 10);
        while (budget.TryTake("hangs", 10))
        {
            // It takes what it can get.
        }

        Assert.Equal(50, budget.Used);
        Assert.True(budget.TryTake("b", 50));
        Assert.False(budget.TryTake("b", 1));
        budget.Return("b", 50);
        Assert.False(budget.TryTake("hangs", 1));
        Assert.True(budget.TryTake("c", 30));
        Assert.True(budget.TryTake("b", 20));
    }
}
