using System.Net;
using System.Net.Sockets;
using OrleansStream.Client;
using OrleansStream.Testing;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>A silo with its Kafka port, in this process, for the tests of a class. Topics are the tests' own.</summary>
public sealed class KafkaHost : IAsyncLifetime
{
    private static int s_topics;

    private OrleansStreamTestHost? _host;

    public string Servers { get; } = $"127.0.0.1:{FreePort()}";

    public OrleansStreamClient Sdk => _host!.Client;

    public async Task InitializeAsync() => _host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
    {
        ConfigureHost = builder => builder.AddOrleansStreamKafka(kafka => kafka.Port = IPEndPoint.Parse(Servers).Port),
        ConfigureServer = server =>
        {
            server.ClassicGroups.InitialRebalanceDelay = TimeSpan.Zero;
            server.ClassicGroups.MinSessionTimeout = TimeSpan.FromSeconds(2);
        },
    });

    /// <summary>Stops the silo as a deployment would, and starts it again on the same port.</summary>
    public async Task RestartAsync()
    {
        await _host!.StopAsync();
        await _host.StartAgainAsync();
    }

    public async Task DisposeAsync() => await _host!.DisposeAsync();

    /// <summary>A name that no other test uses.</summary>
    public static string NewTopic(string name) => $"{name}-{Interlocked.Increment(ref s_topics)}";

    public async Task<string> CreateTopicAsync(string name, int partitions = 1, params (string Name, string Value)[] settings)
    {
        var topic = NewTopic(name);
        await Sdk.Admin.CreateTopicAsync(topic, partitions, settings.ToDictionary(setting => setting.Name, setting => setting.Value));
        return topic;
    }

    public IProducer<byte[]?, byte[]?> CreateProducer(Action<ProducerConfig>? configure = null)
    {
        var config = new ProducerConfig { BootstrapServers = Servers, Acks = Acks.All, MessageTimeoutMs = 30_000 };
        configure?.Invoke(config);
        return new ProducerBuilder<byte[]?, byte[]?>(config).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>A consumer that is given its partitions, so that it needs no group.</summary>
    public IConsumer<byte[]?, byte[]?> CreateConsumer(Action<ConsumerConfig>? configure = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = Servers,
            GroupId = "no-group",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Error,
            EnablePartitionEof = true,
        };
        configure?.Invoke(config);
        return new ConsumerBuilder<byte[]?, byte[]?>(config).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>Everything that a partition holds.</summary>
    public List<ConsumeResult<byte[]?, byte[]?>> ReadAll(string topic, int partition = 0, long from = 0)
    {
        using var consumer = CreateConsumer();
        consumer.Assign(new TopicPartitionOffset(topic, partition, from));
        return ReadToEnd(consumer);
    }

    public static List<ConsumeResult<byte[]?, byte[]?>> ReadToEnd(IConsumer<byte[]?, byte[]?> consumer)
    {
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

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
