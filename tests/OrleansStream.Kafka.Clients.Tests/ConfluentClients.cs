namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>What Kafka clients connect to.</summary>
public interface IKafkaServers
{
    /// <summary>Addresses as Kafka clients take them.</summary>
    string Servers { get; }
}

/// <summary>Confluent.Kafka's producers and consumers.</summary>
internal static class ConfluentClients
{
    public static IProducer<byte[]?, byte[]?> CreateProducer(this IKafkaServers host, Action<ProducerConfig>? configure = null, Action<Error>? onError = null)
    {
        var config = new ProducerConfig { BootstrapServers = host.Servers, Acks = Acks.All, MessageTimeoutMs = 30_000 };
        configure?.Invoke(config);
        return new ProducerBuilder<byte[]?, byte[]?>(config).SetErrorHandler((_, error) => onError?.Invoke(error)).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>A consumer that is given its partitions, so that it needs no group.</summary>
    public static IConsumer<byte[]?, byte[]?> CreateConsumer(this IKafkaServers host, Action<ConsumerConfig>? configure = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = host.Servers,
            GroupId = "no-group",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Error,
            EnablePartitionEof = true,
        };
        configure?.Invoke(config);
        return new ConsumerBuilder<byte[]?, byte[]?>(config).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
    }

    public static IAdminClient CreateAdmin(this IKafkaServers host) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = host.Servers }).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();

    /// <summary>Everything that a partition holds.</summary>
    public static List<ConsumeResult<byte[]?, byte[]?>> ReadAll(this IKafkaServers host, string topic, int partition = 0, long from = 0)
    {
        using var consumer = host.CreateConsumer();
        consumer.Assign(new TopicPartitionOffset(topic, partition, from));
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        while (true)
        {
            var result = consumer.Consume(TimeSpan.FromSeconds(20));
            Assert.True(result is not null, $"Nothing came for 20 s after {records.Count} records.");
            if (result.IsPartitionEOF)
            {
                return records;
            }

            records.Add(result);
        }
    }
}
