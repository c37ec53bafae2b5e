using OrleansStream.Grains;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Gives an idempotent producer an id that nobody had: a new one at every call, so the epoch never has to be raised.</summary>
internal sealed class InitProducerIdApi(IGrainFactory grains) : KafkaApi<InitProducerIdRequest, InitProducerIdResponse>
{
    protected override async ValueTask<InitProducerIdResponse?> HandleAsync(InitProducerIdRequest request, RequestContext context)
    {
        if (request.TransactionalId is { } transactionalId)
        {
            return new InitProducerIdResponse
            {
                ErrorCode = transactionalId.Length == 0 ? (short)ErrorCode.InvalidRequest : (short)KafkaError.TransactionalIdAuthorizationFailed,
                ProducerEpoch = -1,
            };
        }

        try
        {
            return new InitProducerIdResponse { ProducerId = await grains.GetGrain<IClusterGrain>(0).AllocateProducerIdAsync().ConfigureAwait(false) };
        }
        catch (Exception failure) when (failure is OrleansStreamException or TimeoutException or OrleansException)
        {
            // Clients ask again after this one, whatever kept the catalog from answering.
            return new InitProducerIdResponse { ErrorCode = (short)ErrorCode.CoordinatorLoadInProgress, ProducerEpoch = -1 };
        }
    }
}
