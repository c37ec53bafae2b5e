using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>The group and administration APIs in every version that is advertised, over a real connection.</summary>
public sealed class EveryVersionTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    [Fact]
    public async Task A_member_lives_a_whole_life_in_every_version()
    {
        var topic = await host.CreateTopicAsync("life");
        using var client = await WireClient.ConnectAsync(host.Servers);
        for (short version = 0; version <= ApiCatalog.JoinGroup.MaxVersion; version++)
        {
            var group = $"{topic}-{version}";
            var join = new JoinGroupRequest { GroupId = group, SessionTimeoutMs = 6000, RebalanceTimeoutMs = 6000, ProtocolType = "consumer", Protocols = [new() { Name = "range" }] };
            var joined = await client.AskAsync<JoinGroupResponse>(ApiCatalog.JoinGroup, join, version);
            if (version >= 4)
            {
                Assert.Equal((short)ErrorCode.MemberIdRequired, joined.ErrorCode);
                joined = await client.AskAsync<JoinGroupResponse>(ApiCatalog.JoinGroup, join with { MemberId = joined.MemberId }, version);
            }

            Assert.Equal((0, 1, joined.MemberId), (joined.ErrorCode, joined.GenerationId, joined.Leader));
            Assert.Equal(version >= 7 ? "consumer" : null, joined.ProtocolType);
            var synced = await client.AskAsync<SyncGroupResponse>(
                ApiCatalog.SyncGroup,
                new SyncGroupRequest { GroupId = group, GenerationId = 1, MemberId = joined.MemberId, Assignments = [new() { MemberId = joined.MemberId, Assignment = new byte[] { 7 } }] },
                At(ApiCatalog.SyncGroup, version));
            Assert.Equal((0, 7), (synced.ErrorCode, synced.Assignment.Span[0]));
            var beat = await client.AskAsync<HeartbeatResponse>(
                ApiCatalog.Heartbeat, new HeartbeatRequest { GroupId = group, GenerationId = 1, MemberId = joined.MemberId }, At(ApiCatalog.Heartbeat, version));
            Assert.Equal(0, beat.ErrorCode);
            var left = await client.AskAsync<LeaveGroupResponse>(
                ApiCatalog.LeaveGroup, new LeaveGroupRequest { GroupId = group, MemberId = joined.MemberId, Members = [new() { MemberId = joined.MemberId }] }, At(ApiCatalog.LeaveGroup, version));
            Assert.Equal(0, left.ErrorCode + left.Members.Sum(member => member.ErrorCode));
        }
    }

    [Fact]
    public async Task Offsets_are_committed_and_fetched_in_every_version()
    {
        var topic = await host.CreateTopicAsync("offsets");
        using var client = await WireClient.ConnectAsync(host.Servers);
        foreach (var version in Versions(ApiCatalog.OffsetCommit))
        {
            var committed = await client.AskAsync<OffsetCommitResponse>(
                ApiCatalog.OffsetCommit,
                new OffsetCommitRequest { GroupId = topic, Topics = [new() { Name = topic, Partitions = [new() { CommittedOffset = version, CommittedMetadata = "m" }, new() { PartitionIndex = 9 }] }] },
                version);
            Assert.Equal([0, (short)ErrorCode.UnknownTopicOrPartition], committed.Topics[0].Partitions.Select(partition => partition.ErrorCode));
        }

        foreach (var version in Versions(ApiCatalog.OffsetFetch))
        {
            var fetched = await client.AskAsync<OffsetFetchResponse>(
                ApiCatalog.OffsetFetch,
                version >= 8
                    ? new OffsetFetchRequest { Groups = [new() { GroupId = topic, Topics = null }, new() { GroupId = "other", Topics = [new() { Name = topic, PartitionIndexes = [0] }] }] }
                    : new OffsetFetchRequest { GroupId = topic, Topics = version >= 2 ? null : [new() { Name = topic, PartitionIndexes = [0] }] },
                version);
            var found = version >= 8 ? fetched.Groups[0].Topics[0].Partitions[0] : fetched.Topics[0].Partitions[0];
            Assert.Equal((ApiCatalog.OffsetCommit.MaxVersion, "m"), (found.CommittedOffset, found.Metadata));
        }
    }

    [Fact]
    public async Task Groups_are_shown_and_deleted_in_every_version_also_those_of_the_sdk()
    {
        var topic = await host.CreateTopicAsync("shown");
        await host.Sdk.Admin.ResetOffsetsAsync(topic, [new(new(topic, 0), new Offset(0), "", LeaderEpoch.None)]);
        using var client = await WireClient.ConnectAsync(host.Servers);
        foreach (var version in Versions(ApiCatalog.ListGroups))
        {
            var listed = await client.AskAsync<ListGroupsResponse>(ApiCatalog.ListGroups, new ListGroupsRequest { StatesFilter = ["empty"], TypesFilter = ["Classic"] }, version);
            Assert.Contains(listed.Groups, group => group.GroupId == topic);
        }

        foreach (var version in Versions(ApiCatalog.DescribeGroups))
        {
            var described = await client.AskAsync<DescribeGroupsResponse>(ApiCatalog.DescribeGroups, new DescribeGroupsRequest { Groups = [topic, "none"] }, version);
            Assert.Equal(["Empty", "Dead"], described.Groups.Select(group => group.GroupState));
        }

        var forgotten = await client.AskAsync<OffsetDeleteResponse>(
            ApiCatalog.OffsetDelete, new OffsetDeleteRequest { GroupId = topic, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0 }] }] }, 0);
        Assert.Equal((0, 0), (forgotten.ErrorCode, forgotten.Topics[0].Partitions[0].ErrorCode));
        foreach (var version in Versions(ApiCatalog.DeleteGroups))
        {
            var deleted = await client.AskAsync<DeleteGroupsResponse>(ApiCatalog.DeleteGroups, new DeleteGroupsRequest { GroupsNames = [topic] }, version);
            Assert.Equal(version == 0 ? 0 : (short)ErrorCode.GroupIdNotFound, deleted.Results[0].ErrorCode);
        }
    }

    [Fact]
    public async Task Topics_live_from_creation_to_deletion_in_every_version()
    {
        using var client = await WireClient.ConnectAsync(host.Servers);
        foreach (var version in Versions(ApiCatalog.CreateTopics))
        {
            var topic = KafkaHost.NewTopic("lives");
            var created = await client.AskAsync<CreateTopicsResponse>(
                ApiCatalog.CreateTopics, new CreateTopicsRequest { Topics = [new() { Name = topic, NumPartitions = -1, ReplicationFactor = -1 }] }, version);
            Assert.Equal((0, null), (created.Topics[0].ErrorCode, created.Topics[0].ErrorMessage));
            Assert.Equal(version >= 5 ? 4 : -1, created.Topics[0].NumPartitions);
            var grown = await client.AskAsync<CreatePartitionsResponse>(
                ApiCatalog.CreatePartitions, new CreatePartitionsRequest { Topics = [new() { Name = topic, Count = 5, Assignments = null }] }, At(ApiCatalog.CreatePartitions, version));
            Assert.Equal(0, grown.Results[0].ErrorCode);
            var shortened = await client.AskAsync<DeleteRecordsResponse>(
                ApiCatalog.DeleteRecords,
                new DeleteRecordsRequest { Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Offset = -1 }] }] },
                At(ApiCatalog.DeleteRecords, version));
            Assert.Equal((0, 0L), (shortened.Topics[0].Partitions[0].ErrorCode, shortened.Topics[0].Partitions[0].LowWatermark));
            var deleted = await client.AskAsync<DeleteTopicsResponse>(
                ApiCatalog.DeleteTopics,
                new DeleteTopicsRequest { TopicNames = [topic], Topics = [new() { Name = version == 7 ? null : topic, TopicId = version == 7 ? created.Topics[0].TopicId : Guid.Empty }] },
                Math.Min(version, ApiCatalog.DeleteTopics.MaxVersion));
            Assert.Equal((0, topic), (deleted.Responses[0].ErrorCode, deleted.Responses[0].Name));
        }
    }

    [Fact]
    public async Task Settings_and_logs_are_shown_in_every_version()
    {
        var topic = await host.CreateTopicAsync("shown", 3);
        using var client = await WireClient.ConnectAsync(host.Servers);
        foreach (var version in Versions(ApiCatalog.DescribeConfigs))
        {
            var described = await client.AskAsync<DescribeConfigsResponse>(
                ApiCatalog.DescribeConfigs,
                new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = topic, ConfigurationKeys = ["retention.ms"] }], IncludeSynonyms = true, IncludeDocumentation = true },
                version);
            var setting = Assert.Single(described.Results[0].Configs);
            Assert.Equal(("604800000", "log.retention.ms"), (setting.Value, Assert.Single(setting.Synonyms).Name));
        }

        foreach (var version in Versions(ApiCatalog.AlterConfigs))
        {
            var altered = await client.AskAsync<AlterConfigsResponse>(
                ApiCatalog.AlterConfigs, new AlterConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = topic, Configs = [new() { Name = "retention.ms", Value = "5" }] }] }, version);
            Assert.Equal(0, altered.Responses[0].ErrorCode);
        }

        foreach (var version in Versions(ApiCatalog.IncrementalAlterConfigs))
        {
            var altered = await client.AskAsync<IncrementalAlterConfigsResponse>(
                ApiCatalog.IncrementalAlterConfigs,
                new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = 4, ResourceName = "1", Configs = [new() { Name = "num.partitions", Value = "5" }] }] },
                version);
            Assert.Equal((short)ErrorCode.InvalidRequest, altered.Responses[0].ErrorCode);
        }

        foreach (var version in Versions(ApiCatalog.DescribeLogDirs))
        {
            var logs = await client.AskAsync<DescribeLogDirsResponse>(
                ApiCatalog.DescribeLogDirs, new DescribeLogDirsRequest { Topics = version == 1 ? null : [new() { Topic = topic, Partitions = [0, 1, 2, 3] }] }, version);
            Assert.Equal(3, logs.Results[0].Topics.Single(stored => stored.Name == topic).Partitions.Length);
        }

        foreach (var version in Versions(ApiCatalog.ElectLeaders))
        {
            var elected = await client.AskAsync<ElectLeadersResponse>(
                ApiCatalog.ElectLeaders, new ElectLeadersRequest { TopicPartitions = [new() { Topic = topic, Partitions = [0, 7] }] }, version);
            Assert.Equal([84, 3], elected.ReplicaElectionResults[0].PartitionResult.Select(partition => partition.ErrorCode));
        }
    }

    [Fact]
    public async Task Partitions_are_described_in_pages_that_follow_each_other()
    {
        var (first, second) = (await host.CreateTopicAsync("paged-a", 3), await host.CreateTopicAsync("paged-b", 2));
        using var client = await WireClient.ConnectAsync(host.Servers);
        var seen = new List<string>();
        DescribeTopicPartitionsRequest.PageStart? cursor = null;
        for (var pages = 1; ; pages++)
        {
            var page = await client.AskAsync<DescribeTopicPartitionsResponse>(
                ApiCatalog.DescribeTopicPartitions,
                new DescribeTopicPartitionsRequest { Topics = [new() { Name = second }, new() { Name = first }, new() { Name = "paged-none" }], ResponsePartitionLimit = 2, Cursor = cursor },
                0);
            seen.AddRange(page.Topics.SelectMany(topic => topic.ErrorCode != 0 ? [$"{topic.Name} {topic.ErrorCode}"] : topic.Partitions.Select(partition => $"{topic.Name} {partition.PartitionIndex}")));
            if (page.NextCursor is null)
            {
                Assert.Equal(3, pages);
                break;
            }

            cursor = new() { TopicName = page.NextCursor.TopicName, PartitionIndex = page.NextCursor.PartitionIndex };
        }

        Assert.Equal([$"{first} 0", $"{first} 1", $"{first} 2", $"{second} 0", $"{second} 1", "paged-none 3"], seen);
    }

    [Fact]
    public async Task The_producers_of_a_partition_are_told()
    {
        var topic = await host.CreateTopicAsync("producers");
        using (var producer = host.CreateProducer(config => config.EnableIdempotence = true))
        {
            await producer.ProduceAsync(new Confluent.Kafka.TopicPartition(topic, 0), ProduceConsumeTests.Sample(1));
        }

        using var client = await WireClient.ConnectAsync(host.Servers);
        var described = await client.AskAsync<DescribeProducersResponse>(
            ApiCatalog.DescribeProducers, new DescribeProducersRequest { Topics = [new() { Name = topic, PartitionIndexes = [0, 1] }] }, 0);

        var known = Assert.Single(described.Topics[0].Partitions[0].ActiveProducers);
        Assert.Equal((0, 0), (known.LastSequence, known.ProducerEpoch));
        Assert.Equal((short)ErrorCode.UnknownTopicOrPartition, described.Topics[0].Partitions[1].ErrorCode);
    }

    [Fact]
    public async Task A_client_that_goes_while_it_waits_is_no_member_for_long()
    {
        var group = KafkaHost.NewTopic("gone");
        var join = new JoinGroupRequest { GroupId = group, SessionTimeoutMs = 2000, RebalanceTimeoutMs = 60_000, ProtocolType = "consumer", Protocols = [new() { Name = "range" }] };
        using var stays = await WireClient.ConnectAsync(host.Servers);
        var first = await stays.AskAsync<JoinGroupResponse>(ApiCatalog.JoinGroup, join with { SessionTimeoutMs = 30_000 }, 3);
        using (var goes = await WireClient.ConnectAsync(host.Servers))
        {
            _ = goes.AskAsync<JoinGroupResponse>(ApiCatalog.JoinGroup, join, 3);
            while (await stays.AskAsync<HeartbeatResponse>(ApiCatalog.Heartbeat, new HeartbeatRequest { GroupId = group, GenerationId = 1, MemberId = first.MemberId }, 0) is { ErrorCode: 0 })
            {
                await Task.Delay(20);
            }
        }

        // The second member's session ends, for it no longer repeats its call; only then is the first alone again.
        while ((await host.Sdk.Admin.DescribeGroupAsync(group)).Members.Length > 1)
        {
            await Task.Delay(20);
        }

        var again = await stays.AskAsync<JoinGroupResponse>(ApiCatalog.JoinGroup, join with { MemberId = first.MemberId, SessionTimeoutMs = 30_000 }, 3);
        Assert.Equal([first.MemberId], again.Members.Select(member => member.MemberId));
    }

    private static IEnumerable<short> Versions(ApiDescription api) => Enumerable.Range(api.MinVersion, api.MaxVersion - api.MinVersion + 1).Select(version => (short)version);

    private static short At(ApiDescription api, short version) => Math.Clamp(version, api.MinVersion, api.MaxVersion);
}
