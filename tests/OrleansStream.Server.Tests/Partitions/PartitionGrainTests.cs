using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Records;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Partitions;
using OrleansStream.Server.Retention;
using OrleansStream.Server.Tests.Fakes;
using OrleansStream.Storage;
using OrleansStream.Testing;
using OrleansStream.Topics;

namespace OrleansStream.Server.Tests.Partitions;

/// <summary>Partitions on a store in memory, which fails when the test says so.</summary>
public sealed class PartitionGrainTests : IAsyncLifetime
{
    private readonly MemoryLogStore _store = new();
    private OrleansStreamTestHost _host = null!;
    private TopicDescription _topic = null!;

    private PartitionId Id => new(_topic.TopicId, 0);

    private IPartitionGrain Grain => _host.ClusterClient.GetGrain<IPartitionGrain>(Id.ToString());

    private PartitionTable Table => _host.Services.GetRequiredService<PartitionTable>();

    public async Task InitializeAsync()
    {
        _host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
        {
            ConfigureHost = builder => builder.Services.AddSingleton<IPartitionLogStore>(_store),
            ConfigureServer = server => server.PartitionIdleTimeout = TimeSpan.FromSeconds(1),
        });
        _topic = await _host.ClusterClient.GetGrain<ITopicGrain>("t").CreateAsync(2, new Dictionary<string, string>());
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task The_slow_way_through_the_grain_leads_to_the_same_log()
    {
        var produced = await Grain.ProduceAsync(new ProduceRequest(Id, Batches.Of(records: 3)));
        var fetched = await Grain.FetchAsync(new FetchPartition(Id, Offset.Zero, 1000));
        var described = await Grain.DescribeAsync();

        Assert.Equal((ErrorCode.None, Offset.Zero), (produced.Error, produced.BaseOffset));
        Assert.Equal(2, new RecordBatchHeader(fetched.Batches.Memory.Span).LastOffset);
        Assert.Equal((new Offset(3), _host.GatewayAddress), (described.HighWatermark, described.Leader));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("00000000000000000000000000000000-0")]
    public async Task A_key_that_names_no_partition_is_refused_by_every_way_in(string key)
    {
        var grain = _host.ClusterClient.GetGrain<IPartitionGrain>(key);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Assert.ThrowsAsync<OrleansStreamException>(grain.GetLeaderAsync)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await grain.ProduceAsync(new ProduceRequest(default, Batches.Of(1)))).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await grain.FetchAsync(new FetchPartition(default, Offset.Zero, 10))).Error);
    }

    [Fact]
    public async Task A_log_that_cannot_be_opened_is_named_to_every_caller_until_it_can()
    {
        _store.OpenFailure = id => new OrleansStreamException(ErrorCode.CorruptLog, "Segment 7 is damaged.");

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var refusal = await Assert.ThrowsAsync<OrleansStreamException>(Grain.GetLeaderAsync);
            Assert.Equal((ErrorCode.CorruptLog, "Segment 7 is damaged."), (refusal.ErrorCode, refusal.Message));
        }

        _store.OpenFailure = _ => null;
        Assert.Equal(LeaderEpoch.None.Next(), (await Eventually(Grain.GetLeaderAsync)).LeaderEpoch);
    }

    [Fact]
    public async Task A_log_that_fails_is_opened_again_by_the_next_use()
    {
        var first = await Grain.GetLeaderAsync();
        Assert.True(Table.TryFind(Id, out var partition));

        _store.Logs[Id].Fail(ErrorCode.StorageError);
        await partition.Closed.WaitAsync(TestTime.Limit);
        var second = await Grain.GetLeaderAsync();

        Assert.Equal(first.LeaderEpoch.Next(), second.LeaderEpoch);
        Assert.Equal(ErrorCode.None, (await Grain.ProduceAsync(new ProduceRequest(Id, Batches.Of(1)))).Error);
    }

    [Fact]
    public async Task An_idle_partition_is_closed_one_in_use_is_not()
    {
        await Grain.GetLeaderAsync();
        var busyId = Id with { Partition = 1 };
        await _host.ClusterClient.GetGrain<IPartitionGrain>(busyId.ToString()).GetLeaderAsync();
        Assert.True(Table.TryFind(Id, out var idle));
        Assert.True(Table.TryFind(busyId, out var busy));
        using var ended = new CancellationTokenSource();
        var fetches = FetchAsync(busyId, ended.Token);

        await idle.Closed.WaitAsync(TestTime.Limit);

        Assert.False(busy.IsClosing);
        Assert.False(Table.TryFind(Id, out _));
        await ended.CancelAsync();
        await fetches;
    }

    [Fact]
    public async Task An_idle_partition_is_described_by_its_store_an_unknown_one_by_nobody()
    {
        await Grain.ProduceAsync(new ProduceRequest(Id, Batches.Of(records: 3)));
        var extents = _host.Services.GetRequiredService<IPartitionExtents>();
        Assert.True(Table.TryFind(Id, out var partition));

        var open = await extents.DescribeAsync(Id, CancellationToken.None);
        partition.RequestClose("The test wants it closed.");
        await partition.Closed.WaitAsync(TestTime.Limit);
        var idle = await extents.DescribeAsync(Id, CancellationToken.None);
        Assert.False(Table.TryFind(Id, out _));
        _store.Logs.Clear();
        var asked = await extents.DescribeAsync(Id, CancellationToken.None);
        var unknown = await extents.DescribeAsync(Id with { Partition = 2 }, CancellationToken.None);

        Assert.Equal([3L, 3L, 3L], [open!.Offsets.HighWatermark.Value, idle!.Offsets.HighWatermark.Value, asked!.Offsets.HighWatermark.Value]);
        Assert.True(Table.TryFind(Id, out _), "Only an opening could tell, so the partition was opened.");
        Assert.Null(unknown);
    }

    [Fact]
    public async Task Retention_reaches_open_and_idle_partitions_but_not_topics_that_keep_everything()
    {
        var keeping = await _host.ClusterClient.GetGrain<ITopicGrain>("keeping").CreateAsync(1, new Dictionary<string, string> { ["retention.ms"] = "-1" });
        await Grain.GetLeaderAsync();

        await _host.Services.GetRequiredService<RetentionSweeper>().SweepAsync(CancellationToken.None);

        Assert.Equal(1, _store.Logs[Id].RetentionRuns);
        Assert.Contains(Id with { Partition = 1 }, _store.Retained);
        Assert.DoesNotContain(Id, _store.Retained);
        Assert.DoesNotContain(_store.Retained, partition => partition.TopicId == keeping.TopicId);
    }

    [Fact]
    public async Task Logs_that_could_not_be_deleted_with_their_topic_are_deleted_later()
    {
        await Grain.GetLeaderAsync();
        _store.DeleteFailure = new IOException("The disk refuses.");
        await _host.ClusterClient.GetGrain<ITopicGrain>("t").DeleteAsync();
        Assert.Contains(Id, _store.Logs.Keys);

        _store.DeleteFailure = null;
        await _host.Services.GetRequiredService<RetentionSweeper>().SweepAsync(CancellationToken.None);

        Assert.DoesNotContain(Id, _store.Logs.Keys);
        Assert.Empty(await _host.Services.GetRequiredService<ICatalog>().ListDeletedTopicsAsync(10, CancellationToken.None));
    }

    /// <summary>A refused activation ends after its last answer, so a call right behind it may still meet it.</summary>
    private static async Task<PartitionLeader> Eventually(Func<Task<PartitionLeader>> ask)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (OrleansStreamException) when (attempt < 10)
            {
            }
        }
    }

    private async Task FetchAsync(PartitionId id, CancellationToken cancellationToken)
    {
        var endpoint = _host.Services.GetRequiredService<Server.Endpoint.LocalEndpoint>();
        while (!cancellationToken.IsCancellationRequested)
        {
            await endpoint.FetchAsync(new FetchRequest([new FetchPartition(id, Offset.Zero, 10)], 1, 10, TimeSpan.FromSeconds(1)), cancellationToken);
        }
    }
}
