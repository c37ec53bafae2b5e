using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Dashboard.Watching;

namespace OrleansStream.Dashboard.Tests.Watching;

public sealed class SharedPollTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly SemaphoreSlim _readings = new(0);
    private int _count;

    [Fact]
    public async Task Nothing_is_read_while_nobody_looks()
    {
        var poll = Poll();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0, false), (_count, poll.IsRunning));

        var subscription = poll.Subscribe(() => { });
        Assert.True(await _readings.WaitAsync(s_patience));
        subscription.Dispose();
        Assert.False(poll.IsRunning);
        var count = Volatile.Read(ref _count);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(count, Volatile.Read(ref _count));
    }

    [Fact]
    public async Task Any_number_of_pages_share_one_reader()
    {
        var poll = Poll();
        using var changes = new SemaphoreSlim(0);
        var subscriptions = Enumerable.Range(0, 20).Select(_ => poll.Subscribe(() => changes.Release())).ToList();

        Assert.True(await _readings.WaitAsync(s_patience));
        for (var page = 0; page < 20; page++)
        {
            Assert.True(await changes.WaitAsync(s_patience));
        }

        Assert.Equal(1, Volatile.Read(ref _count));
        subscriptions.ForEach(subscription => subscription.Dispose());
    }

    [Fact]
    public async Task A_reading_that_fails_leaves_the_last_value_and_says_why()
    {
        var isBroken = false;
        using var changes = new SemaphoreSlim(0);
        var poll = new SharedPoll<string>(
            (_, _) => isBroken ? throw new OrleansStreamException(ErrorCode.Unreachable, "No silo answers.") : Task.FromResult("well"),
            TimeSpan.FromSeconds(1), _time, NullLogger.Instance);
        using var subscription = poll.Subscribe(() => changes.Release());
        Assert.True(await changes.WaitAsync(s_patience));

        isBroken = true;
        poll.Hurry();
        Assert.True(await changes.WaitAsync(s_patience));
        Assert.Equal(("well", "No silo answers."), (poll.Value, poll.Trouble));

        isBroken = false;
        poll.Hurry();
        Assert.True(await changes.WaitAsync(s_patience));
        Assert.Null(poll.Trouble);
    }

    private SharedPoll<string> Poll() => new(
        (_, _) =>
        {
            Interlocked.Increment(ref _count);
            _readings.Release();
            return Task.FromResult("read");
        },
        TimeSpan.FromSeconds(1), _time, NullLogger.Instance);
}
