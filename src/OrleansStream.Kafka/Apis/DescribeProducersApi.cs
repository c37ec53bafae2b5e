using OrleansStream.Kafka.Messages;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells which idempotent producers the partitions that live here remember.</summary>
internal sealed class DescribeProducersApi(PartitionWalk walk) : KafkaApi<DescribeProducersRequest, DescribeProducersResponse>
{
    /// <summary>What a producer takes in an answer.</summary>
    private const int ProducerBytes = 128;

    protected override async ValueTask<DescribeProducersResponse?> HandleAsync(DescribeProducersRequest request, RequestContext context)
    {
        var answers = new DescribeProducersResponse.TopicAnswer[request.Topics.Length];
        for (var at = 0; at < answers.Length; at++)
        {
            var topic = request.Topics[at];
            answers[at] = new()
            {
                Name = topic.Name,
                Partitions = await walk.LocalAsync(
                    topic.Name,
                    topic.PartitionIndexes,
                    number => number,
                    (partition, number) => DescribeAsync(partition, number, context),
                    (number, outcome) => new() { PartitionIndex = number, ErrorCode = outcome.Code, ErrorMessage = outcome.Message },
                    context.ConnectionClosed).ConfigureAwait(false),
            };
        }

        return new DescribeProducersResponse { Topics = answers };
    }

    private static async ValueTask<DescribeProducersResponse.PartitionAnswer> DescribeAsync(Partition partition, int number, RequestContext context)
    {
        var producers = await partition.ListProducersAsync(context.ConnectionClosed).ConfigureAwait(false);
        context.Charge(producers.Count * (long)ProducerBytes);
        return new()
        {
            PartitionIndex = number,
            ActiveProducers =
            [
                .. producers.Select(producer => new DescribeProducersResponse.ActiveProducer
                {
                    ProducerId = producer.ProducerId,
                    ProducerEpoch = producer.ProducerEpoch,
                    LastSequence = producer.LastSequence,
                    LastTimestamp = producer.LastSeen.ToUnixTimeMilliseconds(),

                    // That of transactions, of which there are none.
                    CoordinatorEpoch = -1,
                }),
            ],
        };
    }
}
