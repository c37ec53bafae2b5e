using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>When a server that was launched serves: asked often enough for figures in milliseconds.</summary>
internal static class Readiness
{
    /// <summary>ApiVersions of version 0, without a client id: length, key 18, version, correlation id, the null string.</summary>
    public static readonly ReadOnlyMemory<byte> KafkaQuestion = new byte[] { 0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF };

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Waits until the server answers a question of its protocol.</summary>
    public static async Task AnswersAsync(IPeerServer server)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_patience; await Task.Delay(s_pause))
        {
            if (await AskAsync(IPEndPoint.Parse(server.Bootstrap), server.Question))
            {
                return;
            }
        }

        throw new TimeoutException($"{server.Name} did not answer within {s_patience.TotalSeconds} s; its log is beside its files.");
    }

    /// <summary>Waits until every partition of a topic has acknowledged a record of a Kafka client that comes anew.</summary>
    public static async Task AcknowledgesAsync(IPeerServer server, string topic, int partitions)
    {
        await AnswersAsync(server);
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = server.Bootstrap, LingerMs = 0 })
            .SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(Enumerable.Range(0, partitions).Select(partition =>
            producer.ProduceAsync(new Confluent.Kafka.TopicPartition(topic, partition), new Message<Null, byte[]> { Value = [1] })));
    }

    private static async Task<bool> AskAsync(IPEndPoint endpoint, ReadOnlyMemory<byte> question)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint);
            await socket.SendAsync(question);
            var beginning = new byte[4];
            await using var stream = new NetworkStream(socket);
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await stream.ReadExactlyAsync(beginning, timeout.Token);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }
}
