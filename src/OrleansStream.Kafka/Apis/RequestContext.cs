using OrleansStream.Kafka.Transport;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// One request on its way: who sent it, in which version, and what is to be given back once it was answered. Used by one thread at a time.
/// </summary>
internal sealed class RequestContext(ApiDescription api, short version, int correlationId, string? clientId, ClientConnection connection, AnswerRoom answers, CancellationToken connectionClosed)
    : IDisposable
{
    private List<IDisposable>? _borrowed;
    private AnswerBudget? _budget;

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

    /// <summary>
    /// Counts bytes of memory that the answer takes beyond a few times its request, before they are made. May be called from several threads
    /// at a time.
    /// </summary>
    /// <exception cref="KafkaProtocolException">The answer becomes larger than any may.</exception>
    /// <exception cref="IOException">There is no room now.</exception>
    public void Charge(long bytes)
    {
        if (_budget is null)
        {
            Interlocked.CompareExchange(ref _budget, new AnswerBudget(answers), null);
        }

        _budget.Add(bytes);
    }

    /// <summary>The request is over.</summary>
    public void Dispose()
    {
        var borrowed = _borrowed;
        _borrowed = null;
        foreach (var item in borrowed ?? [])
        {
            item.Dispose();
        }

        _budget?.Dispose();
    }
}
