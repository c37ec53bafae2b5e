using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit.Abstractions;
using static OrleansStream.Kafka.Clients.Tests.GroupTests;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>
/// Confluent.Kafka and kafkajs at work on three silos, which are processes on PostgreSQL, while silos join, leave and die. @platformatic/kafka is not
/// there: its versions for Node 20 ask the leader and the coordinator that they once knew until they have no retry left, and then fail.
/// </summary>
public sealed class ClusterTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Topic = "steady";
    private const int Partitions = 12;
    private const string NodeTopic = "batches";
    private const int NodeRecords = 2000;
    private const int NodeBatches = 200;

    /// <summary>How long silos may tell of one that is gone: three missed probes of a second each, the vote, and the telling.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private KafkaCluster _cluster = null!;
    private SteadyProducer _producer = null!;

    // A group of two for each client: they do not understand what each other's members say about assignments.
    private GroupMember[] _confluent = [];
    private MemberProcess[] _kafkajs = [];

    /// <summary>
    /// Produces to a topic of its own, until it has sent <see cref="NodeRecords"/>. A topic of one partition: where a send goes to several silos, and
    /// a partition moves before all have answered, kafkajs sends its records never, or twice under new numbers.
    /// </summary>
    private Task _nodeProducer = Task.CompletedTask;

    private int[] Shares => [.. _confluent.Select(member => member.Owned.Length), .. _kafkajs.Select(member => member.Owned.Length)];

    private (string Client, IEnumerable<int> Read)[] Groups =>
    [
        ("Confluent.Kafka", _confluent.SelectMany(member => member.Seen).Select(seen => int.Parse(seen.Value, CultureInfo.InvariantCulture))),
        ("kafkajs", _kafkajs.SelectMany(member => member.Seen).Select(seen => seen.Value)),
    ];

    public async Task InitializeAsync()
    {
        _cluster = await KafkaCluster.StartAsync();
        await _cluster.CreateTopicAsync(Topic, Partitions);
        _producer = new SteadyProducer(_cluster, Topic);
        _confluent = [new GroupMember(_cluster, "confluent", Topic), new GroupMember(_cluster, "confluent", Topic)];
        _kafkajs = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => MemberProcess.StartAsync("kafkajs", _cluster.Servers, "kafkajs", Topic)));
        await _cluster.CreateTopicAsync(NodeTopic, 1);
        _nodeProducer = NodeClients.RunAsync("produce.mjs", "kafkajs", _cluster.Servers, NodeTopic, "0", $"{NodeRecords}", $"{NodeBatches}");
    }

    public async Task DisposeAsync()
    {
        foreach (var member in _kafkajs)
        {
            await member.DisposeAsync();
        }

        foreach (var member in _confluent)
        {
            await member.DisposeAsync();
        }

        await _producer.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Every_record_is_stored_once_in_order_and_read_while_silos_join_leave_and_die()
    {
        await Eventually(() => Shares.All(share => share == Partitions / 2), Describe);
        await FlowsAsync("Three silos");

        var fourth = await _cluster.AddAsync();
        await ToldAsync("the new one leads", told => told.Any(silo => silo.Leads && silo.Port == fourth.Place.KafkaPort));
        await FlowsAsync("A fourth");

        // Silos that have groups.
        var leaving = await _cluster.CoordinatorAsync("confluent");
        var hasLeft = await leaving.TerminateAsync(TimeSpan.FromSeconds(20));
        var errors = await File.ReadAllTextAsync(leaving.ErrorPath);
        Assert.True(hasLeft && errors.Length == 0, errors + await File.ReadAllTextAsync(leaving.LogPath));
        await ToldAsync("nobody of who left", told => told.All(silo => silo.Port != leaving.Place.KafkaPort));
        await FlowsAsync("One left");

        var dying = await _cluster.CoordinatorAsync("kafkajs");
        await dying.KillAsync();
        await ToldAsync("nobody of who died", told => told.All(silo => silo.Port != dying.Place.KafkaPort));
        await FlowsAsync("One died");

        await _producer.EndAsync();
        await Eventually(() => Groups.All(group => HasAll(group.Read, _producer.Sent)), Describe);
        await Task.WhenAll(_kafkajs.Select(member => member.LeaveAsync()));
        Assert.All([_producer.Fatal, .. _confluent.Select(member => member.Fatal)], Assert.Null);
        Assert.Empty(_producer.Failed);
        Assert.Equal(_producer.Stored.OrderBy(record => record.Key), ReadAllOnceInOrder(Topic, Partitions).OrderBy(record => record.Key));
        await _nodeProducer;
        Assert.Equal(Enumerable.Range(0, NodeRecords), ReadAllOnceInOrder(NodeTopic, 1).Keys.Order());
    }

    /// <summary>Waits until what is sent in the next seconds is stored, and read by the groups: partitions move one after the other.</summary>
    private async Task FlowsAsync(string what)
    {
        var (start, sent) = (Stopwatch.GetTimestamp(), _producer.Sent + (2 * SteadyProducer.RecordsPerSecond));
        await Eventually(() => Enumerable.Range(0, sent).All(_producer.Stored.ContainsKey), Describe);
        output.WriteLine($"{what}: {sent} records, the last one stored after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s.");
        await Task.WhenAll(Groups.Select(async group =>
        {
            await Eventually(() => HasAll(group.Read, sent), Describe);
            output.WriteLine($"  {group.Client} has read them after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s.");
        }));
    }

    /// <summary>Waits until every silo tells of the cluster what is to be told.</summary>
    private async Task ToldAsync(string what, Func<List<(int Port, bool Leads)>, bool> holds)
    {
        for (var start = Stopwatch.GetTimestamp(); ; await Task.Delay(20))
        {
            var told = await Task.WhenAll(_cluster.Running.Select(silo => KafkaCluster.ToldAsync(silo, Topic)));
            if (told.All(holds))
            {
                output.WriteLine($"Every silo tells that {what} after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s.");
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"Not every silo tells that {what}.");
        }
    }

    private static bool HasAll(IEnumerable<int> numbers, int count) => !Enumerable.Range(0, count).Except(numbers).Any();

    /// <summary>Reads all partitions of a topic, and finds that no number is there twice, or behind a larger one.</summary>
    private Dictionary<int, (int Partition, long Offset)> ReadAllOnceInOrder(string topic, int partitions)
    {
        var found = new Dictionary<int, (int Partition, long Offset)>();
        for (var partition = 0; partition < partitions; partition++)
        {
            var last = -1;
            foreach (var record in _cluster.ReadAll(topic, partition))
            {
                var number = int.Parse(Encoding.UTF8.GetString(record.Message.Value!), CultureInfo.InvariantCulture);
                Assert.True(number > last, $"Partition {partition} of {topic} holds {number} behind {last}.");
                found.Add(last = number, (partition, record.Offset.Value));
            }
        }

        return found;
    }

    private string Describe() =>
        $"""
        sent {_producer.Sent}, stored {_producer.Stored.Count}, failed {string.Join(", ", _producer.Failed)}, fatal {_producer.Fatal}
        shares {string.Join(", ", Shares)}, read {string.Join(", ", _confluent.Select(member => member.Seen.Count).Concat(_kafkajs.Select(member => member.Seen.Count)))}
        {string.Join('\n', _confluent.SelectMany(member => member.Errors))}
        {string.Join('\n', _kafkajs.SelectMany(member => member.Words))}
        """;
}
