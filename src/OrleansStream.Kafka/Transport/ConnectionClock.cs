namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Until when something has to happen on a connection: a request, the rest of one, the client taking an answer. The reading and the writing
/// side set it; somebody looks at all connections once a second. Safe for that use.
/// </summary>
internal sealed class ConnectionClock(TimeProvider time, TimeSpan idleTimeout, TimeSpan answerTimeout)
{
    private const long Never = long.MaxValue;

    /// <summary>A client that takes a large answer more slowly than this is not waited for: what lies in it is room that others wait for.</summary>
    private const int MinBytesPerSecond = 64 * 1024;

    private long _readBy = Never;
    private long _takenBy = Never;
    private int _inHand;
    private string _wanted = "";

    /// <summary>A request may come, or not; while others are being answered there is no hurry.</summary>
    public void AwaitRequest() => Set("a request", idleTimeout);

    /// <summary>A request has begun and has to come to its end.</summary>
    public void ReceiveRequest(TimeSpan within) => Set("the rest of a request", within);

    /// <summary>Gives a request that is under way more time.</summary>
    public void Allow(TimeSpan more) => Interlocked.Add(ref _readBy, (long)(more.TotalSeconds * time.TimestampFrequency));

    /// <summary>It is not the client that is waited for.</summary>
    public void Pause() => Interlocked.Exchange(ref _readBy, Never);

    public void BeginAnswering() => Interlocked.Increment(ref _inHand);

    public void EndAnswering()
    {
        Interlocked.Decrement(ref _inHand);

        // The client was not idle while it waited.
        if (Volatile.Read(ref _wanted) == "a request" && Interlocked.Read(ref _readBy) != Never)
        {
            AwaitRequest();
        }
    }

    /// <summary>The client has to take an answer, in the time that its size is worth.</summary>
    public void BeginWriting(long bytes) => Interlocked.Exchange(ref _takenBy, In(answerTimeout + TimeSpan.FromSeconds((double)bytes / MinBytesPerSecond)));

    public void EndWriting() => Interlocked.Exchange(ref _takenBy, Never);

    /// <summary>What was waited for in vain; null when the connection is all right.</summary>
    public string? FindOverdue()
    {
        var now = time.GetTimestamp();
        if (now > Interlocked.Read(ref _takenBy))
        {
            return "the client to take its answers";
        }

        var wanted = Volatile.Read(ref _wanted);
        return now > Interlocked.Read(ref _readBy) && (wanted != "a request" || Volatile.Read(ref _inHand) == 0) ? wanted : null;
    }

    private void Set(string wanted, TimeSpan within)
    {
        Volatile.Write(ref _wanted, wanted);
        Interlocked.Exchange(ref _readBy, In(within));
    }

    private long In(TimeSpan span) => time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);
}
