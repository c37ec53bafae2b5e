using OrleansStream.Storage.Scheduling;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>Turns on the thread pool: a database is awaited, so a turn never blocks its thread.</summary>
internal sealed class ThreadPoolScheduler : ILogScheduler
{
    public static ThreadPoolScheduler Instance { get; } = new();

    public void Schedule(ILogWork work) => ThreadPool.UnsafeQueueUserWorkItem(static queued => queued.Run(), work, preferLocal: false);
}
