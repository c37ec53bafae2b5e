namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;
using Confluent.Kafka.Admin;

/// <summary>Confluent.Kafka's AdminClient.</summary>
public sealed class AdminTests : IClassFixture<KafkaHost>, IDisposable
{
    private readonly KafkaHost _host;
    private readonly IAdminClient _admin;

    public AdminTests(KafkaHost host)
    {
        _host = host;
        _admin = host.CreateAdmin();
    }

    public void Dispose() => _admin.Dispose();

    [Fact]
    public async Task Topics_are_created_with_settings_grown_and_deleted()
    {
        var topic = KafkaHost.NewTopic("admin");
        var specification = new TopicSpecification { Name = topic, NumPartitions = 2, ReplicationFactor = 1, Configs = new() { ["retention.ms"] = "60000", ["cleanup.policy"] = "delete" } };
        await _admin.CreateTopicsAsync([specification], new CreateTopicsOptions { ValidateOnly = true });
        Assert.DoesNotContain(_admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics, known => known.Topic == topic);

        await _admin.CreateTopicsAsync([specification]);
        Assert.Equal("60000", (await _host.Sdk.Admin.DescribeTopicAsync(topic)).Configuration["retention.ms"]);
        Assert.Equal(ErrorCode.TopicAlreadyExists, await CreateErrorAsync(specification));
        await _admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 5 }]);
        Assert.Equal(5, _admin.GetMetadata(topic, TimeSpan.FromSeconds(10)).Topics[0].Partitions.Count);
        var described = (await _admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]))).TopicDescriptions[0];
        Assert.Equal(5, described.Partitions.Count);
        await _admin.DeleteTopicsAsync([topic]);

        Assert.DoesNotContain(_admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics, known => known.Topic == topic);
        var again = await Assert.ThrowsAsync<DeleteTopicsException>(() => _admin.DeleteTopicsAsync([topic]));
        Assert.Equal(ErrorCode.UnknownTopicOrPart, again.Results[0].Error.Code);
    }

    [Theory]
    [InlineData(2, 3, "", "", ErrorCode.InvalidReplicationFactor)]
    [InlineData(0, 1, "", "", ErrorCode.InvalidPartitions)]
    [InlineData(1, 1, "no.such.setting", "1", ErrorCode.InvalidConfig)]
    [InlineData(1, 1, "retention.ms", "soon", ErrorCode.InvalidConfig)]
    [InlineData(1, 1, "cleanup.policy", "compact", ErrorCode.InvalidConfig)]
    [InlineData(1, 1, "min.insync.replicas", "2", ErrorCode.InvalidConfig)]
    public async Task What_cannot_be_created_is_refused_with_a_sentence(int partitions, short replicas, string name, string value, ErrorCode expected)
    {
        var specification = new TopicSpecification { Name = KafkaHost.NewTopic("refused"), NumPartitions = partitions, ReplicationFactor = replicas };
        if (name.Length > 0)
        {
            specification.Configs = new() { [name] = value };
        }

        var refused = await Assert.ThrowsAsync<CreateTopicsException>(() => _admin.CreateTopicsAsync([specification]));

        Assert.Equal(expected, refused.Results[0].Error.Code);
        Assert.EndsWith(".", refused.Results[0].Error.Reason);
    }

    [Fact]
    public async Task Settings_are_shown_with_their_sources_and_changed()
    {
        var topic = await _host.CreateTopicAsync("settings", 1, ("retention.ms", "60000"));
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = topic };
        var before = await DescribeAsync(resource);
        Assert.Equal(("60000", ConfigSource.DynamicTopicConfig), (before["retention.ms"].Value, before["retention.ms"].Source));
        Assert.Equal(("delete", ConfigSource.DefaultConfig, true), (before["cleanup.policy"].Value, before["cleanup.policy"].Source, before["cleanup.policy"].IsReadOnly));
        Assert.Equal(("1073741824", ConfigSource.DefaultConfig), (before["segment.bytes"].Value, before["segment.bytes"].Source));

        List<ConfigEntry> changes =
        [
            new() { Name = "retention.ms", IncrementalOperation = AlterConfigOpType.Delete },
            new() { Name = "retention.bytes", Value = "1000000", IncrementalOperation = AlterConfigOpType.Set },
            new() { Name = "cleanup.policy", Value = "delete", IncrementalOperation = AlterConfigOpType.Append },
        ];
        await _admin.IncrementalAlterConfigsAsync(new() { [resource] = changes });
        var between = await DescribeAsync(resource);
        Assert.Equal(("604800000", ConfigSource.DefaultConfig), (between["retention.ms"].Value, between["retention.ms"].Source));
        Assert.Equal("1000000", between["retention.bytes"].Value);
        await _admin.AlterConfigsAsync(new() { [resource] = [new() { Name = "max.message.bytes", Value = "2000" }] });
        var after = await DescribeAsync(resource);

        Assert.Equal(("2000", "-1"), (after["max.message.bytes"].Value, after["retention.bytes"].Value));
        var refused = await Assert.ThrowsAsync<IncrementalAlterConfigsException>(() => _admin.IncrementalAlterConfigsAsync(new()
        {
            [resource] = [new() { Name = "compression.type", Value = "gzip", IncrementalOperation = AlterConfigOpType.Set }],
        }));
        Assert.Equal(ErrorCode.InvalidConfig, refused.Results[0].Error.Code);
    }

    [Fact]
    public async Task A_silo_shows_its_settings()
    {
        var broker = _admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers[0].BrokerId;

        var settings = await DescribeAsync(new ConfigResource { Type = ResourceType.Broker, Name = $"{broker}" });

        Assert.Equal(("4", true), (settings["num.partitions"].Value, settings["num.partitions"].IsReadOnly));
        Assert.Equal("604800000", settings["log.retention.ms"].Value);
        Assert.Equal("1048588", settings["message.max.bytes"].Value);
    }

    [Fact]
    public async Task Records_are_deleted_up_to_an_offset_and_altogether()
    {
        var topic = await _host.CreateTopicAsync("deleted", 2);
        using var producer = _host.CreateProducer();
        for (var number = 0; number < 20; number++)
        {
            await producer.ProduceAsync(new TopicPartition(topic, number % 2), ProduceConsumeTests.Sample(number));
        }

        var deleted = await _admin.DeleteRecordsAsync([new(topic, 0, 4), new(topic, 1, Offset.End)]);

        Assert.Equal([4L, 10], deleted.OrderBy(partition => partition.Partition.Value).Select(partition => partition.Offset.Value));
        Assert.Equal(4, _host.ReadAll(topic, 0, from: 4)[0].Offset.Value);
        var refused = await Assert.ThrowsAsync<DeleteRecordsException>(() => _admin.DeleteRecordsAsync([new(topic, 0, 99)]));
        Assert.Equal(ErrorCode.OffsetOutOfRange, refused.Results[0].Error.Code);
    }

    [Fact]
    public async Task Groups_are_listed_described_moved_and_deleted()
    {
        var topic = await _host.CreateTopicAsync("groups", 2);
        await using (var member = new GroupMember(_host, topic, topic))
        {
            await GroupTests.Eventually(() => member.Owned.Length == 2);
            var listed = (await _admin.ListConsumerGroupsAsync(new() { MatchStates = [ConsumerGroupState.Stable] })).Valid.Single(group => group.GroupId == topic);
            Assert.Equal((ConsumerGroupState.Stable, false), (listed.State, listed.IsSimpleConsumerGroup));
            Assert.DoesNotContain((await _admin.ListConsumerGroupsAsync(new() { MatchStates = [ConsumerGroupState.Empty] })).Valid, group => group.GroupId == topic);
            var described = (await _admin.DescribeConsumerGroupsAsync([topic])).ConsumerGroupDescriptions[0];
            Assert.Equal((ConsumerGroupState.Stable, "range"), (described.State, described.PartitionAssignor));
            Assert.Equal((member.MemberId, "tests", 2), (described.Members[0].ConsumerId, described.Members[0].ClientId, described.Members[0].Assignment.TopicPartitions.Count));
            var busy = await Assert.ThrowsAsync<DeleteGroupsException>(() => _admin.DeleteGroupsAsync([topic]));
            Assert.Equal(ErrorCode.NonEmptyGroup, busy.Results[0].Error.Code);
            var subscribed = await Assert.ThrowsAsync<DeleteConsumerGroupOffsetsException>(() => _admin.DeleteConsumerGroupOffsetsAsync(topic, [new(topic, 0)]));
            Assert.Equal(ErrorCode.GroupSubscribedToTopic, subscribed.Result.Partitions[0].Error.Code);
        }

        await _admin.AlterConsumerGroupOffsetsAsync([new(topic, [new TopicPartitionOffset(topic, 0, 0), new TopicPartitionOffset(topic, 1, 0)])]);
        Assert.Equal("0 0", await CommittedAsync(topic));
        await _admin.DeleteConsumerGroupOffsetsAsync(topic, [new(topic, 0)]);
        Assert.Equal("0", await CommittedAsync(topic));
        await _admin.DeleteGroupsAsync([topic]);

        var gone = (await _admin.DescribeConsumerGroupsAsync([topic])).ConsumerGroupDescriptions[0];
        Assert.Equal(ConsumerGroupState.Dead, gone.State);
        var unknown = await Assert.ThrowsAsync<DeleteGroupsException>(() => _admin.DeleteGroupsAsync([topic]));
        Assert.Equal(ErrorCode.GroupIdNotFound, unknown.Results[0].Error.Code);
    }

    private async Task<string> CommittedAsync(string group) => string.Join(
        ' ', (await _admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions(group, null)]))[0].Partitions.Select(partition => partition.Offset.Value));

    private async Task<ErrorCode> CreateErrorAsync(TopicSpecification specification) =>
        (await Assert.ThrowsAsync<CreateTopicsException>(() => _admin.CreateTopicsAsync([specification]))).Results[0].Error.Code;

    private async Task<Dictionary<string, ConfigEntryResult>> DescribeAsync(ConfigResource resource) => (await _admin.DescribeConfigsAsync([resource]))[0].Entries;
}
