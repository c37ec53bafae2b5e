using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Tests.Messages;

/// <summary>Bytes of group and administration messages, put together by hand from the protocol's rules, field by field.</summary>
public class GroupMessageTests
{
    [Fact]
    public void A_join_of_version_0_has_no_rebalance_timeout_and_one_of_version_9_has_everything()
    {
        var request = new JoinGroupRequest
        {
            GroupId = "g",
            SessionTimeoutMs = 6000,
            RebalanceTimeoutMs = 9000,
            MemberId = "",
            GroupInstanceId = "i",
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = new byte[] { 7 } }],
            Reason = null,
        };

        AssertBytes("0001 67 00001770 0000 0008 636f6e73756d6572 00000001 0005 72616e6765 00000001 07", MessageBytes.Write(request, 0));
        AssertBytes("02 67 00001770 00002328 01 02 69 09 636f6e73756d6572 02 06 72616e6765 02 07 00 00 00", MessageBytes.Write(request, 9));
    }

    [Fact]
    public void A_join_response_tells_the_kind_from_version_7_and_skipping_from_version_9()
    {
        var response = new JoinGroupResponse
        {
            GenerationId = 3,
            ProtocolType = "consumer",
            ProtocolName = "range",
            Leader = "a",
            SkipAssignment = true,
            MemberId = "a",
            Members = [new() { MemberId = "a", GroupInstanceId = null, Metadata = new byte[] { 7 } }],
        };

        AssertBytes("0000 00000003 0005 72616e6765 0001 61 0001 61 00000001 0001 61 00000001 07", MessageBytes.Write(response, 0));
        AssertBytes("00000000 0000 00000003 09 636f6e73756d6572 06 72616e6765 02 61 01 02 61 02 02 61 00 02 07 00 00", MessageBytes.Write(response, 9));
    }

    [Fact]
    public void A_leave_names_one_member_before_version_3_and_several_after_it()
    {
        var request = new LeaveGroupRequest { GroupId = "g", MemberId = "a", Members = [new() { MemberId = "a", GroupInstanceId = "i", Reason = "r" }] };

        AssertBytes("0001 67 0001 61", MessageBytes.Write(request, 2));
        AssertBytes("0001 67 00000001 0001 61 0001 69", MessageBytes.Write(request, 3));
        AssertBytes("02 67 02 02 61 02 69 02 72 00 00", MessageBytes.Write(request, 5));
    }

    [Fact]
    public void A_commit_tells_how_long_to_keep_it_before_version_5_and_the_leaders_epoch_from_version_6()
    {
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            GenerationIdOrMemberEpoch = 1,
            MemberId = "a",
            RetentionTimeMs = -1,
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 2, CommittedOffset = 5, CommittedLeaderEpoch = 4, CommittedMetadata = null }] }],
        };

        AssertBytes("0001 67 00000001 0001 61 ffffffffffffffff 00000001 0001 74 00000001 00000002 0000000000000005 ffff", MessageBytes.Write(request, 2));
        AssertBytes("0001 67 00000001 0001 61 00000001 0001 74 00000001 00000002 0000000000000005 00000004 ffff", MessageBytes.Write(request, 6));
        AssertBytes("02 67 00000001 02 61 00 02 02 74 02 00000002 0000000000000005 00000004 00 00 00 00", MessageBytes.Write(request, 8));
    }

    [Fact]
    public void A_question_for_offsets_is_about_one_group_before_version_8_and_about_several_after_it()
    {
        var one = new OffsetFetchRequest { GroupId = "g", Topics = null, RequireStable = true };
        var several = new OffsetFetchRequest { Groups = [new() { GroupId = "g", MemberId = null, MemberEpoch = -1, Topics = [new() { Name = "t", PartitionIndexes = [1] }] }] };

        AssertBytes("0001 67 ffffffff", MessageBytes.Write(one, 2));
        AssertBytes("02 67 00 01 00", MessageBytes.Write(one, 7));
        AssertBytes("02 02 67 02 02 74 02 00000001 00 00 00 00", MessageBytes.Write(several, 8));
        AssertBytes("02 02 67 00 ffffffff 02 02 74 02 00000001 00 00 00 00", MessageBytes.Write(several, 9));
    }

    [Fact]
    public void A_created_topic_has_its_settings_error_as_a_tag()
    {
        var response = new CreateTopicsResponse { Topics = [new() { Name = "t", NumPartitions = 2, ReplicationFactor = 1, Configs = [], TopicConfigErrorCode = 29 }] };

        AssertBytes("00000000 00000001 0001 74 0000 ffff", MessageBytes.Write(response, 2));
        AssertBytes("00000000 02 02 74 00000000000000000000000000000000 0000 00 00000002 0001 01 01 00 02 001d 00", MessageBytes.Write(response, 7));
    }

    [Fact]
    public void A_page_of_topics_begins_where_the_cursor_says_or_nowhere()
    {
        var first = new DescribeTopicPartitionsRequest { Topics = [new() { Name = "t" }], ResponsePartitionLimit = 7 };

        AssertBytes("02 02 74 00 00000007 ff 00", MessageBytes.Write(first, 0));
        AssertBytes("02 02 74 00 00000007 01 02 74 00000003 00 00", MessageBytes.Write(
            new DescribeTopicPartitionsRequest { Topics = [new() { Name = "t" }], ResponsePartitionLimit = 7, Cursor = new() { TopicName = "t", PartitionIndex = 3 } }, 0));
    }

    private static void AssertBytes(string expected, byte[] actual) => Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(actual));
}
