namespace OrleansStream.Storage.Scheduling;

/// <summary>One-off work for a scheduler.</summary>
internal static class LogSchedulerExtensions
{
    /// <summary>Runs a blocking function on the scheduler's threads and hands its result, or exception, to the caller.</summary>
    public static Task<T> RunAsync<T>(this ILogScheduler scheduler, Func<T> function)
    {
        var work = new FunctionWork<T>(function);
        scheduler.Schedule(work);
        return work.Task;
    }

    /// <summary>Runs a blocking action on the scheduler's threads.</summary>
    public static Task RunAsync(this ILogScheduler scheduler, Action action) => scheduler.RunAsync(() =>
    {
        action();
        return true;
    });

    private sealed class FunctionWork<T>(Func<T> function) : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), ILogWork
    {
        public void Run()
        {
            try
            {
                SetResult(function());
            }
#pragma warning disable CA1031 // Whatever it is, it belongs to the caller who awaits it.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                SetException(exception);
            }
        }
    }
}
