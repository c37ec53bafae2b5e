using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>Tells, from the silo's own meter, how many fetches wait; so a test acts when a wait has begun, not after a while.</summary>
internal sealed class FetchWaits : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _expected = [];
    private int _waiting;

    public FetchWaits(IServiceProvider silo)
    {
        var meters = silo.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "orleansstream.fetch.waiting" && instrument.Meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, change, _, _) => Change(change));
        _listener.Start();
    }

    /// <summary>Completes when exactly so many fetches wait that began after this was made.</summary>
    public async Task ReachAsync(int count)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_waiting == count)
            {
                return;
            }

            _expected.Add((count, reached));
        }

        await reached.Task.WaitAsync(TestTime.Limit);
    }

    public void Dispose() => _listener.Dispose();

    private void Change(int change)
    {
        lock (_lock)
        {
            _waiting += change;
            foreach (var (_, reached) in _expected.Where(expected => expected.Count == _waiting))
            {
                reached.TrySetResult();
            }
        }
    }
}
