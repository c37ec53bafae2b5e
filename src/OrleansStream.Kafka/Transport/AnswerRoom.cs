using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Hosting;

namespace OrleansStream.Kafka.Transport;

/// <summary>The room for what lies in answers that clients have not taken yet: records, and long lists of topics.</summary>
internal sealed class AnswerRoom(IOptions<KafkaOptions> options)
{
    public SharedRoom Room { get; } = new(options.Value.MaxAnswerBytesInHand);
}
