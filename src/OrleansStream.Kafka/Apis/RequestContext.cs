namespace OrleansStream.Kafka.Apis;

/// <summary>
/// One request on its way: who sent it, in which version, and what is to be given back once it was answered. Used by one thread at a time.
/// </summary>
internal sealed class RequestContext(ApiDescription api, short version, int correlationId, string? clientId, ClientConnection connection, CancellationToken connectionClosed)
    : IDisposable
{
    private List<IDisposable>? _borrowed;

    public ApiDescription Api => api;

    public short Version => version;

    public int CorrelationId => correlationId;

    /// <summary>What the client calls itself; null when it does not.</summary>
    public string? ClientId => clientId;

    /// <summary>The connection that the request came on.</summary>
    public ClientConnection Connection => connection;

    /// <summary>Ends when the connection does; whoever waits on the client's behalf gives up then.</summary>
    public CancellationToken ConnectionClosed => connectionClosed;

    /// <summary>Gives something back after the answer was written, or when there will be none.</summary>
    public void DisposeAfterAnswer(IDisposable borrowed) => (_borrowed ??= []).Add(borrowed);

    /// <summary>The request is over.</summary>
    public void Dispose()
    {
        var borrowed = _borrowed;
        _borrowed = null;
        foreach (var item in borrowed ?? [])
        {
            item.Dispose();
        }
    }
}
