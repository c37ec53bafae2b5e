namespace OrleansStream.Storage.Scheduling;

/// <summary>Runs the blocking work of many logs on few threads, so that neither the thread pool nor a million logs pay for it.</summary>
internal interface ILogScheduler
{
    /// <summary>Queues one turn of work. Turns of one log never overlap because a log asks for its next one only in the end.</summary>
    void Schedule(ILogWork work);
}

/// <summary>Something that has a turn to run.</summary>
internal interface ILogWork
{
    /// <summary>Runs one turn. It may block on the disk and does not throw.</summary>
    void Run();
}
