namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Handles the requests of one API, of all connections at the same time. An exception closes the connection that the request came on, because
/// what state the client would be in is unknown.
/// </summary>
internal abstract class KafkaApi(ApiDescription description)
{
    public ApiDescription Description => description;

    /// <summary>
    /// Begins a request. Completes when the connection's next request may begin, which for all but produces is when this one is done.
    /// </summary>
    /// <returns>The answer; null for none, which acks=0 asks for.</returns>
    public abstract ValueTask<Task<IKafkaMessage?>> BeginAsync(IKafkaMessage request, RequestContext context);
}

/// <summary>An API whose requests are handled one after the other on each connection.</summary>
internal abstract class KafkaApi<TRequest, TResponse>() : KafkaApi(TRequest.Api)
    where TRequest : class, IKafkaMessage<TRequest>
    where TResponse : class, IKafkaMessage<TResponse>
{
    public sealed override async ValueTask<Task<IKafkaMessage?>> BeginAsync(IKafkaMessage request, RequestContext context) =>
        Task.FromResult<IKafkaMessage?>(
            await HandleAsync((TRequest)request, context).ConfigureAwait(false) ?? throw new IOException("The request cannot be answered."));

    /// <summary>Handles one request.</summary>
    /// <returns>Null closes the connection.</returns>
    protected abstract ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context);
}
