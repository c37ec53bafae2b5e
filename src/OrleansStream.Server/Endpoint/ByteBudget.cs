namespace OrleansStream.Server.Endpoint;

/// <summary>
/// Bounds the bytes that one kind of request holds in memory at a time. Lock-free. A single request larger than the whole
/// budget is let in when nothing else is: otherwise it could never be served.
/// </summary>
internal sealed class ByteBudget(long capacity)
{
    private long _used;

    public long Used => Interlocked.Read(ref _used);

    /// <returns>False when there is no room; nothing was taken then.</returns>
    public bool TryTake(long bytes)
    {
        while (true)
        {
            var used = Interlocked.Read(ref _used);
            if (used > 0 && used + bytes > capacity)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _used, used + bytes, used) == used)
            {
                return true;
            }
        }
    }

    /// <summary>Takes whether there is room or not.</summary>
    public void Take(long bytes) => Interlocked.Add(ref _used, bytes);

    public void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
