using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Client.Tests.Consuming;

namespace OrleansStream.Client.Tests.Hosting;

/// <summary>A clock that the test drives and that tells when somebody begins to wait, so that time never passes too early.</summary>
internal sealed class TimerTrap(TimeSpan shortest, TimeSpan longest) : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _waits = Channel.CreateUnbounded<TimeSpan>();

    /// <summary>The next wait of a length that counts here.</summary>
    public async Task<TimeSpan> NextWaitAsync()
    {
        using var timeout = new CancellationTokenSource(Consumption.Patience);
        return await _waits.Reader.ReadAsync(timeout.Token);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime >= shortest && dueTime <= longest)
        {
            _waits.Writer.TryWrite(dueTime);
        }

        return timer;
    }
}
