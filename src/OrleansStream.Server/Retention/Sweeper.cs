using Microsoft.Extensions.Logging;
using OrleansStream.Server.Diagnostics;

namespace OrleansStream.Server.Retention;

/// <summary>Does a piece of housekeeping at intervals, as long as the silo runs.</summary>
internal abstract partial class Sweeper(TimeSpan interval, TimeProvider time, ILogger logger)
{
    /// <summary>One round, complete in itself: what is left undone is found again by the next one.</summary>
    public abstract Task SweepAsync(CancellationToken cancellationToken);

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TrySweepAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task TrySweepAsync(CancellationToken stoppingToken)
    {
        try
        {
            await SweepAsync(stoppingToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A round carries nothing over to the next one, so going on is safe, and stopping would let the disk fill up.
            SweepFailed(GetType().Name, interval, failure);
        }
    }

    [LoggerMessage(LogEvents.SweepFailed, LogLevel.Error, "A round of {Sweeper} failed; the next one is in {Interval}.")]
    private partial void SweepFailed(string sweeper, TimeSpan interval, Exception exception);
}
