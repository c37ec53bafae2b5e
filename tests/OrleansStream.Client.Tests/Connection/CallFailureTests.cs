using OrleansStream.Client.Connection;

namespace OrleansStream.Client.Tests.Connection;

public sealed class CallFailureTests
{
    [Fact]
    public void A_grain_that_no_silo_can_take_at_the_moment_may_be_called_again()
    {
        var failure = CallFailure.From(new OrleansException("No active nodes are compatible with grain group."));

        Assert.Equal((ErrorCode.Unreachable, true), (failure.Error, failure.IsRetriable));
    }

    [Fact]
    public void A_silo_that_was_not_found_in_time_may_be_called_again()
    {
        var failure = CallFailure.From(new Polly.Timeout.TimeoutRejectedException());

        Assert.Equal((ErrorCode.RequestTimedOut, true), (failure.Error, failure.IsRetriable));
    }

    [Fact]
    public void A_failure_that_nobody_foresaw_is_not_called_transient()
    {
        Assert.False(CallFailure.From(new OrleansConfigurationException("wrong")).IsRetriable);
        Assert.False(CallFailure.From(new InvalidOperationException("wrong")).IsRetriable);
    }
}
