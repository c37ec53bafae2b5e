namespace OrleansStream.Kafka.Wire;

/// <summary>Bytes that are no message of the protocol. They cannot be answered, so the connection is closed.</summary>
internal sealed class KafkaProtocolException(string message) : Exception(message);
