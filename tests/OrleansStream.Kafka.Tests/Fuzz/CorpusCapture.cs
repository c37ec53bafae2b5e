using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.TestServers;
using Xunit.Abstractions;

namespace OrleansStream.Kafka.Tests.Fuzz;

using Confluent.Kafka;
using Confluent.Kafka.Admin;

/// <summary>
/// Makes the corpus: real clients talk to the gateway through a listener that notes their requests. Runs only when ORLEANSSTREAM_CAPTURE names the folder to write
/// to, as after an API or a client was added: <c>ORLEANSSTREAM_CAPTURE=$PWD/tests/OrleansStream.Kafka.Tests/Corpus ./dev test Kafka.Tests</c>. The clients for Node
/// are those that <c>./dev test Kafka.Clients</c> installed, with the Node that came with them.
/// </summary>
public sealed class CorpusCapture(ITestOutputHelper output)
{
    private const int MaxFrameBytes = 4096;

    private readonly ConcurrentQueue<(string Client, byte[] Frame)> _frames = new();
    private volatile string _client = "";

    [Fact]
    public async Task Requests_of_real_clients_are_kept_when_that_is_asked_for()
    {
        if (Environment.GetEnvironmentVariable("ORLEANSSTREAM_CAPTURE") is not { Length: > 0 } folder)
        {
            return;
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var gateway = await Gateway.StartAsync(
            kafka => kafka.AdvertisedPort = port,
            server => server.ClassicGroups = new() { MinSessionTimeout = TimeSpan.FromSeconds(2), InitialRebalanceDelay = TimeSpan.Zero });
        _ = AcceptAsync(listener, gateway.Port);
        var topicId = await FrameCorpus.CreateTopicAsync(gateway);
        var servers = $"127.0.0.1:{port}";

        // librdkafka last: it writes batches with zstd, for which kafkajs needs a package that these scripts do not load.
        foreach (var (client, name, step) in NodeSteps(servers).Concat(Steps(servers).Select(of => ("librdkafka", of.Name, of.Step))))
        {
            // Said and saved at once: what a client does not survive is known then, and not lost.
            await Console.Error.WriteLineAsync($"{client}: {name}");
            _client = client;
            try
            {
                await Task.Run(step);
            }
            catch (KafkaException refused)
            {
                output.WriteLine($"{name}: {refused.Message}");
            }

            FrameCorpus.Save(folder, client, _frames.Where(of => of.Client == client && of.Frame.Length <= MaxFrameBytes).Select(of => of.Frame), topicId);
        }

        output.WriteLine(string.Join(Environment.NewLine, gateway.Warnings));
    }

    private static IEnumerable<(string Client, string Name, Func<Task> Step)> NodeSteps(string servers)
    {
        foreach (var client in (string[])["kafkajs", "platformatic"])
        {
            yield return (client, "produce", () => RunNodeAsync("produce.mjs", client, servers, FrameCorpus.Topic, "0", "20"));
            yield return (client, "group", () => RunNodeAsync("member.mjs", client, servers, $"corpus-{client}", FrameCorpus.Topic));
            yield return (client, "administration", () => RunNodeAsync("admin.mjs", client, servers, $"corpus-admin-{client}"));
        }
    }

    /// <summary>Runs a script of the clients' tests to its end, or tells it to end when it has done for a while what it is for.</summary>
    private static async Task RunNodeAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(NodeFolder(), "node_modules/.bin/node"), arguments) { WorkingDirectory = NodeFolder() })!;
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await process.WaitForExitAsync(enough.Token);
        }
        catch (OperationCanceledException)
        {
            Signals.Send(process.Id, Signals.Terminate);
            await process.WaitForExitAsync();
        }
    }

    private static string NodeFolder([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../artifacts/node-clients"));

    private static IEnumerable<(string Name, Func<Task> Step)> Steps(string servers)
    {
        foreach (var codec in Enum.GetValues<CompressionType>())
        {
            yield return ($"produce {codec}", () => Now(() => Produce(servers, new ProducerConfig
            {
                CompressionType = codec,
                EnableIdempotence = codec == CompressionType.Zstd,
                Acks = codec == CompressionType.Gzip ? Acks.Leader : Acks.All,
            })));
        }

        yield return ("produce without acks", () => Now(() => Produce(servers, new ProducerConfig { Acks = Acks.None })));
        yield return ("consume", () => Now(() => Consume(servers)));
        yield return ("group", () => Now(() => Join(servers)));
        foreach (var step in AdministrationSteps())
        {
            yield return (step.Name, async () =>
            {
                using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = servers, SocketTimeoutMs = 5000 }).Build();
                await step.Step(admin);
            }
            );
        }
    }

    private static IEnumerable<(string Name, Func<IAdminClient, Task> Step)> AdministrationSteps()
    {
        const string Other = "corpus-other";
        const string Group = "corpus-other-group";
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = Other };
        yield return ("topic", admin => Now(() => admin.GetMetadata(FrameCorpus.Topic, TimeSpan.FromSeconds(5))));
        yield return ("all topics", admin => Now(() => admin.GetMetadata(TimeSpan.FromSeconds(5))));
        yield return ("describe cluster", admin => admin.DescribeClusterAsync());
        yield return ("describe topics", admin => admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([FrameCorpus.Topic])));
        yield return ("create topics", admin => admin.CreateTopicsAsync([new TopicSpecification { Name = Other, NumPartitions = 1, Configs = new() { ["retention.ms"] = "1000" } }]));
        yield return ("create partitions", admin => admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = Other, IncreaseTo = 2 }]));
        yield return ("describe configs", admin => admin.DescribeConfigsAsync([resource]));
        yield return ("alter configs", admin => admin.IncrementalAlterConfigsAsync(new()
        {
            [resource] = [new ConfigEntry { Name = "retention.ms", Value = "2000", IncrementalOperation = AlterConfigOpType.Set }],
        }));
        yield return ("list offsets", admin => admin.ListOffsetsAsync(
            [new TopicPartitionOffsetSpec { TopicPartition = new(FrameCorpus.Topic, 0), OffsetSpec = OffsetSpec.MaxTimestamp() }]));
        yield return ("list groups", admin => admin.ListConsumerGroupsAsync());
        yield return ("describe groups", admin => admin.DescribeConsumerGroupsAsync(["corpus-members"]));
        yield return ("list group offsets", admin => admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions("corpus-members", null)]));
        yield return ("alter group offsets", admin => admin.AlterConsumerGroupOffsetsAsync(
            [new ConsumerGroupTopicPartitionOffsets(Group, [new TopicPartitionOffset(FrameCorpus.Topic, 0, 1)])]));
        yield return ("delete group offsets", admin => admin.DeleteConsumerGroupOffsetsAsync(Group, [new TopicPartition(FrameCorpus.Topic, 0)]));
        yield return ("delete groups", admin => admin.DeleteGroupsAsync([Group]));
        yield return ("delete records", admin => admin.DeleteRecordsAsync([new TopicPartitionOffset(Other, 0, 0)]));
        yield return ("delete topics", admin => admin.DeleteTopicsAsync([Other]));
    }

    private static Task Now(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    private static void Consume(string servers)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = servers, GroupId = "corpus", EnablePartitionEof = true }).Build();
        consumer.Assign([new TopicPartitionOffset(FrameCorpus.Topic, 0, Offset.Beginning), new TopicPartitionOffset(FrameCorpus.Topic, 1, Offset.End)]);
        Consume(consumer);
        consumer.OffsetsForTimes([new TopicPartitionTimestamp(FrameCorpus.Topic, 0, new Timestamp(DateTimeOffset.UnixEpoch))], TimeSpan.FromSeconds(5));
        consumer.QueryWatermarkOffsets(new TopicPartition(FrameCorpus.Topic, 1), TimeSpan.FromSeconds(5));
    }

    private static void Join(string servers)
    {
        using var member = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = "corpus-members",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnablePartitionEof = true,
            SessionTimeoutMs = 6000,
            HeartbeatIntervalMs = 200,
        }).Build();
        member.Subscribe(FrameCorpus.Topic);
        Consume(member);
        member.Commit();
        member.Committed(TimeSpan.FromSeconds(5));
        member.Close();
    }

    private static void Produce(string servers, ProducerConfig config)
    {
        config.BootstrapServers = servers;
        config.MessageTimeoutMs = 10_000;
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(config).Build();
        for (var at = 0; at < 20; at++)
        {
            producer.Produce(
                new TopicPartition(FrameCorpus.Topic, at % 2),
                new Message<byte[]?, byte[]?> { Key = at % 3 == 0 ? null : [1, 2, 3], Value = at % 5 == 0 ? null : new byte[at * 5], Headers = [new Header("header", [7])] });
            if (at == 10)
            {
                producer.Flush(TimeSpan.FromSeconds(10));
            }
        }

        producer.Flush(TimeSpan.FromSeconds(10));
    }

    private static void Consume(IConsumer<byte[], byte[]> consumer)
    {
        for (var (ends, tries) = (0, 0); ends < 2 && tries < 300; tries++)
        {
            ends += consumer.Consume(TimeSpan.FromMilliseconds(200)) is { IsPartitionEOF: true } ? 1 : 0;
        }
    }

    private async Task AcceptAsync(TcpListener listener, int gatewayPort)
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync();
            _ = RelayAsync(client, gatewayPort);
        }
    }

    private static async Task AnswerAsync(NetworkStream server, TcpClient client)
    {
        await server.CopyToAsync(client.GetStream());
        client.Close();
    }

    private async Task RelayAsync(TcpClient client, int gatewayPort)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Loopback, gatewayPort);
        using (client)
        {
            var (fromClient, toServer) = (client.GetStream(), server.GetStream());
            var answers = AnswerAsync(toServer, client);
            var length = new byte[sizeof(int)];
            while (await fromClient.ReadAtLeastAsync(length, length.Length, throwOnEndOfStream: false) == length.Length)
            {
                var frame = new byte[sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(length)];
                length.CopyTo(frame, 0);
                await fromClient.ReadExactlyAsync(frame.AsMemory(sizeof(int)));
                _frames.Enqueue((_client, frame));
                await toServer.WriteAsync(frame);
            }

            server.Close();
            await answers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
