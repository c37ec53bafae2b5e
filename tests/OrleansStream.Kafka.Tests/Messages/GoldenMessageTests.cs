using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Tests.Messages;

/// <summary>Bytes put together by hand from the protocol's rules, field by field.</summary>
public class GoldenMessageTests
{
    [Fact]
    public void A_metadata_request_of_version_1_has_plain_lengths()
    {
        var request = new MetadataRequest { Topics = [new() { Name = "ab" }] };

        AssertBytes("00000001 0002 6162", MessageBytes.Write(request, 1));
    }

    [Fact]
    public void A_metadata_request_for_all_topics_is_null()
    {
        AssertBytes("ffffffff", MessageBytes.Write(new MetadataRequest { Topics = null }, 1));
        AssertBytes("00 01 00 00", MessageBytes.Write(new MetadataRequest { Topics = null }, 11));
    }

    [Fact]
    public void A_metadata_request_of_version_12_is_compact_and_ends_every_struct_in_tagged_fields()
    {
        var request = new MetadataRequest
        {
            Topics = [new() { TopicId = new Guid("00112233-4455-6677-8899-aabbccddeeff"), Name = null }, new() { Name = "ab" }],
            AllowAutoTopicCreation = false,
            IncludeTopicAuthorizedOperations = true,
        };

        AssertBytes(
            "03 00112233445566778899aabbccddeeff 00 00 00000000000000000000000000000000 03 6162 00 00 01 00",
            MessageBytes.Write(request, 12));
    }

    [Fact]
    public void An_api_versions_response_of_version_3_has_an_array_with_tagged_fields_and_may_end_in_its_own()
    {
        var response = new ApiVersionsResponse
        {
            ApiKeys = [new() { ApiKey = 18, MinVersion = 0, MaxVersion = 4 }],
            FinalizedFeaturesEpoch = 5,
        };

        AssertBytes("0000 02 0012 0000 0004 00 00000000 01 01 08 0000000000000005", MessageBytes.Write(response, 3));
        AssertBytes("0000 00000001 0012 0000 0004", MessageBytes.Write(response, 0));
    }

    [Fact]
    public void A_produce_request_of_version_7_and_of_version_9_differ_in_lengths_only()
    {
        var request = new ProduceRequest
        {
            TransactionalId = null,
            Acks = -1,
            TimeoutMs = 30000,
            Topics = [new() { Name = "t", Partitions = [new() { Index = 1, Records = new byte[] { 1, 2, 3 } }] }],
        };

        AssertBytes("ffff ffff 00007530 00000001 0001 74 00000001 00000001 00000003 010203", MessageBytes.Write(request, 7));
        AssertBytes("00 ffff 00007530 02 02 74 02 00000001 04 010203 00 00 00", MessageBytes.Write(request, 9));
    }

    [Fact]
    public void A_produce_response_names_the_new_leader_in_tagged_fields()
    {
        var response = new ProduceResponse
        {
            Topics =
            [
                new()
                {
                    Name = "t",
                    Partitions = [new() { Index = 0, ErrorCode = 6, BaseOffset = -1, CurrentLeader = new() { LeaderId = 2, LeaderEpoch = 7 } }],
                },
            ],
            NodeEndpoints = [new() { NodeId = 2, Host = "h", Port = 9092 }],
        };

        AssertBytes(
            "02 02 74 02 00000000 0006 ffffffffffffffff ffffffffffffffff ffffffffffffffff 01 00 01 00 09 00000002 00000007 00 00 00000000 "
            + "01 00 0d 02 00000002 02 68 00002384 00 00",
            MessageBytes.Write(response, 10));
    }

    [Fact]
    public void A_fetch_response_carries_records_as_they_are()
    {
        var records = Enumerable.Range(0, 300).Select(value => (byte)value).ToArray();
        var response = new FetchResponse
        {
            SessionId = 9,
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, HighWatermark = 4, LastStableOffset = 4, LogStartOffset = 0, AbortedTransactions = null, Records = records }] }],
        };

        AssertBytes(
            "00000000 0000 00000009 00000001 0001 74 00000001 00000000 0000 0000000000000004 0000000000000004 0000000000000000 ffffffff ffffffff 0000012c"
            + Convert.ToHexString(records),
            MessageBytes.Write(response, 11));
    }

    [Fact]
    public void Records_of_a_request_are_slices_of_its_frame()
    {
        var request = new ProduceRequest { Topics = [new() { Name = "t", Partitions = [new() { Records = new byte[] { 1, 2, 3 } }] }] };
        var frame = MessageBytes.Write(request, 9);

        var read = MessageBytes.Read<ProduceRequest>(frame, 9);
        frame.AsSpan().Replace((byte)3, (byte)99);

        Assert.Equal([1, 2, 99], read.Topics[0].Partitions[0].Records!.Value.ToArray());
    }

    private static void AssertBytes(string hex, byte[] bytes) =>
        Assert.Equal(hex.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant(), Convert.ToHexString(bytes));
}
