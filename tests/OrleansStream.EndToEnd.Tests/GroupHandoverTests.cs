using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.Groups;
using OrleansStream.TestServers;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>What the members of groups notice when the silo stops that coordinates them.</summary>
public sealed class GroupHandoverTests
{
    private const string Topic = "orders";
    private const int Groups = 8;
    private const int Partitions = 4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Members_commit_on_and_stay_members_while_the_silo_of_their_coordinator_stops()
    {
        await using var cluster = await SiloCluster.StartAsync(3);
        await using var client = await OrleansStreamClient.ConnectAsync(string.Join(',', cluster.Silos.Select(silo => silo.Gateway)));
        await client.Admin.CreateTopicAsync(Topic, Partitions);
        using var stop = new CancellationTokenSource();
        var producing = ProduceAsync(client, stop.Token);
        var members = Enumerable.Range(0, Groups).Select(number => new Member(client, $"group-{number}")).ToArray();
        await UntilAsync(() => members.All(member => member.Commits > 10));

        // The groups are spread over the silos, so each stop meets some of them.
        var slowest = new List<string>();
        foreach (var silo in cluster.Silos.Take(2))
        {
            Array.ForEach(members, member => member.Reset());
            var commits = members.Sum(member => member.Commits);
            Assert.True(await silo.TerminateAsync(TimeSpan.FromSeconds(30)), await File.ReadAllTextAsync(silo.LogPath));
            await UntilAsync(() => members.Sum(member => member.Commits) > commits + (20 * Groups));
            slowest.Add($"{silo.Name}: slowest commits {string.Join(' ', members.Select(member => $"{member.Slowest.TotalMilliseconds:0}"))} ms");
        }

        await stop.CancelAsync();
        await producing;
        await Task.WhenAll(members.Select(member => member.StopAsync()));
        var told = string.Join(Environment.NewLine, slowest);
        Console.WriteLine(told);
        Assert.All(members, member => Assert.Empty(member.Lost));
        Assert.All(members, member => Assert.True(member.SlowestEver < TimeSpan.FromSeconds(3), told));
    }

    [Fact]
    public async Task Drained_silos_coordinate_nothing()
    {
        await using var cluster = await SiloCluster.StartAsync(2);
        await using var client = await OrleansStreamClient.ConnectAsync(string.Join(',', cluster.Silos.Select(silo => silo.Gateway)));
        await client.Admin.CreateTopicAsync(Topic, Partitions);
        using var stop = new CancellationTokenSource();
        var producing = ProduceAsync(client, stop.Token);
        var members = Enumerable.Range(0, Groups).Select(number => new Member(client, $"group-{number}")).ToArray();
        await UntilAsync(() => members.All(member => member.Commits > 10));

        await client.Admin.DrainSiloAsync(cluster.Silos[0].Name);
        await UntilAsync(async () => (await File.ReadAllTextAsync(cluster.Silos[0].LogPath)).Contains("groups over to other silos", StringComparison.Ordinal));
        Array.ForEach(members, member => member.Reset());
        await cluster.Silos[0].KillAsync();
        var commits = members.Sum(member => member.Commits);
        await UntilAsync(() => members.Sum(member => member.Commits) > commits + (20 * Groups));

        await stop.CancelAsync();
        await producing;
        await Task.WhenAll(members.Select(member => member.StopAsync()));
        Assert.All(members, member => Assert.Empty(member.Lost));
    }

    private static async Task ProduceAsync(OrleansStreamClient client, CancellationToken stop)
    {
        await using var producer = client.CreateProducer(new ProducerOptions<string, string> { DeliveryTimeout = TimeSpan.FromMinutes(1) });
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            await producer.ProduceAsync(new ProducerRecord<string, string>(Topic, null, "r") { Partition = number % Partitions }, CancellationToken.None);
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        while (!await condition())
        {
            await Task.Delay(50, timeout.Token);
        }
    }

    /// <summary>A group of one, which commits what it was handed again and again.</summary>
    private sealed class Member
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly ConcurrentQueue<TopicPartition> _lost = new();
        private readonly OrleansStreamClient _client;
        private readonly string _group;
        private readonly Task _running;
        private long _commits;
        private long _slowest;
        private long _slowestEver;

        public Member(OrleansStreamClient client, string group)
        {
            (_client, _group) = (client, group);
            _running = Task.Run(RunAsync);
        }

        public long Commits => Interlocked.Read(ref _commits);

        public TimeSpan Slowest => TimeSpan.FromTicks(Interlocked.Read(ref _slowest));

        public TimeSpan SlowestEver => TimeSpan.FromTicks(Interlocked.Read(ref _slowestEver));

        /// <summary>Partitions that were taken away without its consent, or that it had to let go of.</summary>
        public IReadOnlyCollection<TopicPartition> Lost => _lost;

        public void Reset() => Interlocked.Exchange(ref _slowest, 0);

        public async Task StopAsync()
        {
            await _stopping.CancelAsync();
            await _running;
            _stopping.Dispose();
        }

        private async Task RunAsync()
        {
            await using var consumer = _client.CreateConsumer(new ConsumerOptions<string, string>
            {
                GroupId = _group,
                Topics = [Topic],
                EnableAutoCommit = false,
                OnPartitionsRevoked = NoteAsync,
                OnPartitionsLost = NoteAsync,
            });
            try
            {
                await foreach (var record in consumer.WithCancellation(_stopping.Token))
                {
                    var start = Stopwatch.GetTimestamp();
                    await consumer.CommitAsync([new CommittedOffset(record.TopicPartition, record.Offset + 1, "", record.LeaderEpoch)], CancellationToken.None);
                    var took = Stopwatch.GetElapsedTime(start).Ticks;
                    if (Interlocked.Increment(ref _commits) > 5)
                    {
                        Interlocked.Exchange(ref _slowest, Math.Max(took, Interlocked.Read(ref _slowest)));
                        Interlocked.Exchange(ref _slowestEver, Math.Max(took, Interlocked.Read(ref _slowestEver)));
                    }
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // It was told to stop.
            }
        }

        private ValueTask NoteAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
        {
            if (!_stopping.IsCancellationRequested)
            {
                foreach (var partition in partitions)
                {
                    _lost.Enqueue(partition);
                }
            }

            return ValueTask.CompletedTask;
        }
    }
}
