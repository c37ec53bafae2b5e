using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.Tests.Hosting;

public sealed class StopTimeTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly StopTime _stop;

    public StopTimeTests() => _stop = new StopTime(Options.Create(new OrleansStreamServerOptions { DrainTimeout = TimeSpan.FromSeconds(10) }), _time);

    [Fact]
    public void Steps_share_one_time_and_the_last_ones_have_a_second_however_late_they_are()
    {
        Assert.Equal(TimeSpan.FromSeconds(5), _stop.Take(share: 0.5));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(6), _stop.Take());
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TimeSpan.FromSeconds(1), _stop.Take());
    }

    [Fact]
    public void What_is_also_done_otherwise_has_its_own_limit_until_the_stop_begins()
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromSeconds(30), _stop.Limit(TimeSpan.FromSeconds(30)));
        Assert.Equal(TimeSpan.FromSeconds(10), _stop.Take());

        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(7), _stop.Limit(TimeSpan.FromSeconds(30)));
        Assert.Equal(TimeSpan.FromSeconds(2), _stop.Limit(TimeSpan.FromSeconds(2)));
    }
}
