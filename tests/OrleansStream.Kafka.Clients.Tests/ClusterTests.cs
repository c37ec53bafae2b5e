using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit.Abstractions;
using static OrleansStream.Kafka.Clients.Tests.GroupTests;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>
/// Confluent.Kafka, kcat, kafkajs and @platformatic/kafka at work on three silos, which are processes on PostgreSQL, while silos join, leave and die: a
/// producer of each, idempotent, with all codecs among them, and a group of two of each.
/// </summary>
public sealed class ClusterTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Topic = "steady";
    private const int Partitions = 12;
    private const int ProcessPartitions = 6;

    /// <summary>How long silos may tell of one that is gone: three missed probes of a second each, the vote, and the telling take a few seconds.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long records may be under way that are sent after a change. Seconds, or ten for kafkajs, whose members have to come together again; on a busy
    /// machine members miss their session timeout of three seconds now and then, and begin anew.
    /// </summary>
    private static readonly TimeSpan s_flowsWithin = TimeSpan.FromSeconds(120);

    private static readonly string[] s_clients = ["kcat", "kafkajs", "platformatic"];

    private KafkaCluster _cluster = null!;
    private SteadyProducer? _steady;

    // Each to a topic of its own, named as the client.
    private ProducerProcess[] _producers = [];

    // All groups read what Confluent.Kafka produces: one of two for each client, as they do not understand what each other's members say about assignments.
    private GroupMember[] _confluent = [];
    private MemberProcess[] _processes = [];

    private SteadyProducer Producer => _steady!;

    private IEnumerable<(string Group, int Share, int Assignments, IEnumerable<(int Partition, long Offset, int Value)> Seen)> Members =>
    [
        .. _confluent.Select(member => ("confluent", member.Owned.Length, member.Assignments, Numbers(member))),
        .. _processes.Select(member => (member.Group, member.Owned.Length, member.Assignments, member.Seen.AsEnumerable())),
    ];

    public async Task InitializeAsync()
    {
        _cluster = await KafkaCluster.StartAsync();
        await _cluster.CreateTopicAsync(Topic, Partitions);
        await Task.WhenAll(s_clients.Select(client => _cluster.CreateTopicAsync(client, ProcessPartitions)));
    }

    public async Task DisposeAsync()
    {
        foreach (var client in (IAsyncDisposable?[])[.. _processes, .. _confluent, .. _producers, _steady])
        {
            await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Every_record_is_stored_once_in_order_and_read_while_silos_join_leave_and_die()
    {
        await Task.WhenAll(NodeClientTests.Names.Select(RecordsComeBackAsync));
        await StartClientsAsync();

        // It joins in the midst of things: it takes longer to start than clients to begin.
        var adding = _cluster.AddAsync();
        await Eventually(() => Members.All(member => member.Share == Partitions / 2), Describe);
        await FlowsAsync("Three silos");

        var fourth = await adding;
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

        output.WriteLine(Describe());
        await Producer.EndAsync();
        await Task.WhenAll(_producers.Select(producer => producer.EndAsync()));
        await Task.WhenAll(Groups().Select(group => Eventually(() => HasRead(group, Producer.Sent), Describe)));
        await Task.WhenAll(_processes.Select(member => member.LeaveAsync()));
        Assert.All([Producer.Fatal, .. _confluent.Select(member => member.Fatal)], Assert.Null);
        Assert.Empty(Producer.Failed);
        Assert.Equal(Producer.Stored.OrderBy(record => record.Key), ReadAllOnceInOrder(Topic, Partitions).OrderBy(record => record.Key));
        Assert.All(_producers, producer => Assert.Equal(Enumerable.Range(0, producer.Sent), ReadAllOnceInOrder(producer.Topic, ProcessPartitions).Keys.Order()));
        AssertReadInOrder();
    }

    private async Task StartClientsAsync()
    {
        _steady = new SteadyProducer(_cluster, Topic);
        _producers = await Task.WhenAll(s_clients.Select(client => ProducerProcess.StartAsync(client, _cluster.Servers, client, ProcessPartitions)));
        _confluent = [.. Enumerable.Range(0, 2).Select(_ => new GroupMember(_cluster, "confluent", Topic, config => (config.FetchMinBytes, config.FetchWaitMaxMs) = (10_000, 400)))];
        _processes = await Task.WhenAll(s_clients.SelectMany(client => new[] { client, client }).Select(client => MemberProcess.StartAsync(client, _cluster.Servers, client, Topic)));
    }

    private async Task RecordsComeBackAsync(string client)
    {
        await _cluster.CreateTopicAsync($"records-{client}", 1);
        await NodeClientTests.ComeBackAsync(client, _cluster.Servers, $"records-{client}");
    }

    /// <summary>Waits until what is sent in the next seconds is stored, and read by the groups: partitions move one after the other.</summary>
    private async Task FlowsAsync(string what)
    {
        var (start, sent) = (Stopwatch.GetTimestamp(), Producer.Sent + (2 * SteadyProducer.RecordsPerSecond));
        using var consumer = _cluster.CreateConsumer();
        List<(string What, Func<bool> Holds)> awaited =
        [
            ($"Confluent.Kafka has stored {sent} records", () => Enumerable.Range(0, sent).All(Producer.Stored.ContainsKey)),
            .. Groups().Select(group => ($"the group {group} has read them", (Func<bool>)(() => HasRead(group, sent)))),
            .. _producers.Select(producer => (producer.Client, Sent: producer.Sent + (2 * ProducerProcess.RecordsPerSecond)))
                .Select(of => ($"{of.Client} has stored {of.Sent}", (Func<bool>)(() => CountStored(consumer, of.Client) >= of.Sent))),
        ];
        for (output.WriteLine($"{what}:"); awaited.Count > 0; await Task.Delay(100))
        {
            foreach (var done in awaited.Where(of => of.Holds()).ToList())
            {
                output.WriteLine($"  {done.What} after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s.");
                awaited.Remove(done);
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < s_flowsWithin, $"{what}: not yet {string.Join(", ", awaited.Select(of => of.What))}.\n{Describe()}");
        }
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

    private IEnumerable<string> Groups() => [.. Members.Select(member => member.Group).Distinct()];

    private bool HasRead(string group, int count) =>
        Members.Where(member => member.Group == group).SelectMany(member => member.Seen).Select(seen => seen.Value).Where(number => number < count).ToHashSet().Count == count;

    private static long CountStored(IConsumer<byte[]?, byte[]?> consumer, string topic)
    {
        try
        {
            return Enumerable.Range(0, ProcessPartitions).Sum(partition => consumer.QueryWatermarkOffsets(new TopicPartition(topic, partition), TimeSpan.FromSeconds(20)).High.Value);
        }
        catch (KafkaException e) when (!e.Error.IsFatal)
        {
            // One has moved while it was asked.
            return 0;
        }
    }

    /// <summary>
    /// Finds that every record came from where it is stored, and that a member was given the records of a partition in their order, from where it began when
    /// it was given the partition. @platformatic/kafka gives again what it gave, too: a partition that moved it asks of both silos (messages-stream.js).
    /// </summary>
    private void AssertReadInOrder()
    {
        foreach (var (group, _, assignments, seen) in Members)
        {
            Assert.All(seen, record => Assert.Equal(Producer.Stored[record.Value], (record.Partition, record.Offset)));
            foreach (var partition in seen.GroupBy(record => record.Partition, record => record.Offset))
            {
                var (known, last, steps) = (new HashSet<long>(), -1L, 0);
                foreach (var offset in partition)
                {
                    var isRepeated = !known.Add(offset) && group == "platformatic";
                    steps += offset <= last && !isRepeated ? 1 : 0;
                    last = offset;
                }

                Assert.True(steps < assignments, $"A member of {group} went back {steps} times in partition {partition.Key}, and was given partitions {assignments} times.");
            }
        }
    }

    private static IEnumerable<(int Partition, long Offset, int Value)> Numbers(GroupMember member) =>
        member.Seen.Select(seen => (seen.At.Partition.Value, seen.At.Offset.Value, int.Parse(seen.Value, CultureInfo.InvariantCulture)));

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
        sent {Producer.Sent}, stored {Producer.Stored.Count}, failed {string.Join(", ", Producer.Failed)}, fatal {Producer.Fatal}
        {string.Join('\n', Members.Select(member => $"{member.Group} has {member.Share} partitions and has read {member.Seen.Count()} records"))}
        {string.Join('\n', _confluent.SelectMany(member => member.Errors))}
        {string.Join('\n', _processes.SelectMany(member => member.Words.Select(word => $"{member.Group}: {word}")))}
        """;
}
