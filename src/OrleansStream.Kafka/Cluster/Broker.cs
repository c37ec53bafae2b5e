namespace OrleansStream.Kafka.Cluster;

/// <summary>A silo as Kafka clients see it.</summary>
/// <param name="Id">Its number; see <see cref="BrokerIds"/>.</param>
/// <param name="Host">Where clients reach it.</param>
/// <param name="Port">Where clients reach it.</param>
/// <param name="Silo">The silo.</param>
internal sealed record Broker(int Id, string Host, int Port, SiloAddress Silo);
