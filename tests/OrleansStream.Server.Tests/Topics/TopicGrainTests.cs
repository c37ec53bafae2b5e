using OrleansStream.Endpoint;
using OrleansStream.Server.Tests.Fakes;

namespace OrleansStream.Server.Tests.Topics;

[Collection(SiloCollection.Name)]
public sealed class TopicGrainTests(SiloFixture silo)
{
    private static readonly Dictionary<string, string> s_defaults = [];

    [Fact]
    public async Task A_created_topic_is_described_and_none_of_its_partitions_is_open()
    {
        var name = SiloFixture.NewName();

        var created = await silo.Topic(name).CreateAsync(3, new Dictionary<string, string> { ["retention.ms"] = "1000" });
        var described = await silo.Topic(name).DescribeAsync();
        var partitions = await silo.Topic(name).DescribePartitionsAsync(0, 100);

        Assert.Equal((name, 3, "1000"), (described.Name, described.PartitionCount, described.Configuration["retention.ms"]));
        Assert.Equal((created.TopicId, created.CreatedAt), (described.TopicId, described.CreatedAt));
        Assert.Equal([0, 1, 2], partitions.Select(partition => partition.Partition));
        Assert.All(partitions, partition => Assert.Null(partition.Leader));
        Assert.DoesNotContain(silo.Table.All(), partition => partition.Id.TopicId == created.TopicId);
    }

    [Theory]
    [InlineData("a b", ErrorCode.InvalidTopic)]
    [InlineData("..", ErrorCode.InvalidTopic)]
    [InlineData("ä", ErrorCode.InvalidTopic)]
    public async Task A_name_that_is_no_name_is_refused(string name, ErrorCode error) =>
        Assert.Equal(error, (await RefusedAsync(() => silo.Topic(name).CreateAsync(1, s_defaults))).ErrorCode);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(ProtocolLimits.MaxPartitionsPerTopic + 1)]
    public async Task A_number_of_partitions_out_of_range_is_refused(int count) =>
        Assert.Equal(ErrorCode.InvalidPartitions, (await RefusedAsync(() => silo.Topic(SiloFixture.NewName()).CreateAsync(count, s_defaults))).ErrorCode);

    [Theory]
    [InlineData("retention.msec", "1")]
    [InlineData("retention.ms", "soon")]
    [InlineData("flush.mode", "never")]
    public async Task A_wrong_setting_is_refused_by_its_name_and_nothing_is_created(string setting, string value)
    {
        var name = SiloFixture.NewName();

        var refusal = await RefusedAsync(() => silo.Topic(name).CreateAsync(1, new Dictionary<string, string> { [setting] = value }));

        Assert.Equal(ErrorCode.InvalidConfig, refusal.ErrorCode);
        Assert.Contains(setting, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await RefusedAsync(() => silo.Topic(name).DescribeAsync())).ErrorCode);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused()
    {
        var topic = await silo.CreateTopicAsync();

        Assert.Equal(ErrorCode.TopicAlreadyExists, (await RefusedAsync(() => silo.Topic(topic.Name).CreateAsync(1, s_defaults))).ErrorCode);
    }

    [Fact]
    public async Task Whatever_is_done_to_an_unknown_topic_is_refused()
    {
        var topic = silo.Topic(SiloFixture.NewName());
        Func<Task>[] calls =
        [
            topic.DescribeAsync,
            topic.DeleteAsync,
            () => topic.AddPartitionsAsync(2),
            () => topic.DescribePartitionsAsync(0, 1),
            () => topic.AlterConfigurationAsync(new Dictionary<string, string?>()),
        ];

        foreach (var call in calls)
        {
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await RefusedAsync(call)).ErrorCode);
        }
    }

    [Fact]
    public async Task Altered_settings_reach_open_partitions_at_once()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        var topic = silo.Topic(await NameOfAsync(id.TopicId));

        await topic.AlterConfigurationAsync(new Dictionary<string, string?> { ["max.message.bytes"] = "1024" });
        var refused = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1, valueBytes: 2000)));
        await topic.AlterConfigurationAsync(new Dictionary<string, string?> { ["max.message.bytes"] = null });
        var stored = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1, valueBytes: 2000)));

        Assert.Equal((ErrorCode.MessageTooLarge, ErrorCode.None), (refused.Error, stored.Error));
        Assert.Empty((await topic.DescribeAsync()).Configuration);
    }

    [Fact]
    public async Task A_wrong_alteration_changes_nothing()
    {
        var topic = silo.Topic((await silo.CreateTopicAsync(1, ("retention.ms", "5"))).Name);
        Dictionary<string, string?>[] wrong =
        [
            new() { ["retention.ms"] = "x" },
            new() { ["retention.ms"] = "7", ["no.such.setting"] = "1" },
            new() { ["no.such.setting"] = null },
        ];

        foreach (var changes in wrong)
        {
            Assert.Equal(ErrorCode.InvalidConfig, (await RefusedAsync(() => topic.AlterConfigurationAsync(changes))).ErrorCode);
        }

        Assert.Equal("5", (await topic.DescribeAsync()).Configuration["retention.ms"]);
    }

    [Fact]
    public async Task Added_partitions_can_be_used_and_their_number_never_shrinks()
    {
        var created = await silo.CreateTopicAsync(2);
        var topic = silo.Topic(created.Name);
        var third = new PartitionId(created.TopicId, 2);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await RefusedAsync(silo.Partition(third).GetLeaderAsync)).ErrorCode);

        Assert.Equal(3, (await topic.AddPartitionsAsync(3)).PartitionCount);
        await silo.Partition(third).GetLeaderAsync();

        foreach (var count in new[] { 3, 2, 0, ProtocolLimits.MaxPartitionsPerTopic + 1 })
        {
            Assert.Equal(ErrorCode.InvalidPartitions, (await RefusedAsync(() => topic.AddPartitionsAsync(count))).ErrorCode);
        }
    }

    [Fact]
    public async Task A_deleted_topic_takes_its_files_along_and_its_name_is_free()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1)));
        var name = await NameOfAsync(id.TopicId);
        Assert.NotEmpty(FilesOf(id.TopicId));

        await silo.Topic(name).DeleteAsync();
        Assert.Empty(FilesOf(id.TopicId));
        Assert.False(silo.Table.TryFind(id, out _));
        var again = await silo.Topic(name).CreateAsync(1, s_defaults);

        Assert.NotEqual(id.TopicId, again.TopicId);
        var leader = await silo.Partition(new PartitionId(again.TopicId, 0)).GetLeaderAsync();
        var end = await silo.OverTcp(leader).FindOffsetAsync(new FindOffsetRequest(new PartitionId(again.TopicId, 0), OffsetPosition.End));
        Assert.Equal(Offset.Zero, end.Offset);
    }

    [Fact]
    public async Task Partitions_are_described_in_pages_open_ones_with_their_place_and_extent()
    {
        var created = await silo.CreateTopicAsync(5);
        var id = new PartitionId(created.TopicId, 3);
        var leader = await silo.Partition(id).GetLeaderAsync();
        await silo.OverTcp(leader).ProduceAsync(new ProduceRequest(id, Batches.Of(records: 7)));

        var page = await silo.Topic(created.Name).DescribePartitionsAsync(2, 2);
        var beyond = await silo.Topic(created.Name).DescribePartitionsAsync(5, 10);

        Assert.Equal([2, 3], page.Select(partition => partition.Partition));
        Assert.Null(page[0].Leader);
        Assert.Equal((silo.Host.GatewayAddress, new Offset(7), 1), (page[1].Leader, page[1].HighWatermark, page[1].SegmentCount));
        Assert.True(page[1].SizeInBytes > 0);
        Assert.Empty(beyond);
        Assert.Equal(ErrorCode.InvalidRequest, (await RefusedAsync(() => silo.Topic(created.Name).DescribePartitionsAsync(-1, 1))).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await RefusedAsync(() => silo.Topic(created.Name).DescribePartitionsAsync(0, 1001))).ErrorCode);
    }

    private string[] FilesOf(Guid topicId) => Directory
        .EnumerateFiles(silo.Host.DataPath, "*", SearchOption.AllDirectories)
        .Where(path => path.Contains(topicId.ToString("N"), StringComparison.OrdinalIgnoreCase))
        .ToArray();

    private async Task<string> NameOfAsync(Guid topicId) =>
        (await silo.Client.GetGrain<Grains.IClusterGrain>(0).ListTopicsAsync("", null, 1000)).Single(topic => topic.TopicId == topicId).Name;

    private static Task<OrleansStreamException> RefusedAsync(Func<Task> call) => Assert.ThrowsAsync<OrleansStreamException>(call);
}
