using System.Text;
using OrleansStream.Client.Producing;

namespace OrleansStream.Client.Tests.Producing;

public sealed class PartitioningTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FakeCluster _cluster = new();

    // Values of Kafka's own test for its Java client.
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Murmur2_gives_the_values_of_Kafkas_client(string key, int expected) =>
        Assert.Equal(expected, unchecked((int)Murmur2.Hash(Encoding.UTF8.GetBytes(key))));

    [Fact]
    public async Task Records_with_a_key_go_where_its_hash_says()
    {
        _cluster.CreateTopic("t", partitions: 7);
        await using var producer = _cluster.CreateProducer();

        foreach (var key in new[] { "21", "foobar", "abc" })
        {
            var metadata = await producer.ProduceAsync("t", key, "v").AsTask().WaitAsync(s_patience);

            Assert.Equal(Murmur2.PartitionOf(Encoding.UTF8.GetBytes(key), 7), metadata.TopicPartition.Partition);
        }
    }

    [Fact]
    public async Task Records_without_a_key_move_on_from_batch_to_batch()
    {
        _cluster.CreateTopic("t", partitions: 3);
        await using var producer = _cluster.CreateProducer();

        var partitions = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            partitions.Add((await producer.ProduceAsync("t", null, "v").AsTask().WaitAsync(s_patience)).TopicPartition.Partition);
        }

        Assert.Equal([0, 1, 2], partitions.Take(3).Order());
        Assert.Equal(partitions.Take(3), partitions.Skip(3));
    }

    [Fact]
    public async Task A_chosen_partition_is_used_and_one_that_was_added_meanwhile_is_found()
    {
        var topic = _cluster.CreateTopic("t", partitions: 2);
        await using var producer = _cluster.CreateProducer();

        var one = await producer.ProduceAsync(new("t", "k", "v") { Partition = 1 }).AsTask().WaitAsync(s_patience);
        _cluster.Replace(topic with { PartitionCount = 4 });
        var three = await producer.ProduceAsync(new("t", "k", "v") { Partition = 3 }).AsTask().WaitAsync(s_patience);
        var error = await Assert.ThrowsAsync<OrleansStreamException>(
            () => producer.ProduceAsync(new("t", "k", "v") { Partition = 4 }).AsTask().WaitAsync(s_patience));

        Assert.Equal((1, 3), (one.TopicPartition.Partition, three.TopicPartition.Partition));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("has 4 partitions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partitioner_of_the_users_own_decides_and_hears_of_batches()
    {
        _cluster.CreateTopic("t", partitions: 3);
        var partitioner = new LengthPartitioner();
        await using var producer = _cluster.CreateProducer(new() { Partitioner = partitioner });

        var metadata = await producer.ProduceAsync("t", "ab", "v").AsTask().WaitAsync(s_patience);
        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => producer.ProduceAsync("t", "abcd", "v").AsTask().WaitAsync(s_patience));

        Assert.Equal(2, metadata.TopicPartition.Partition);
        Assert.Equal([("t", 2, 3)], partitioner.Sent);
        Assert.Equal(ErrorCode.InvalidRequest, error.ErrorCode);
    }

    [Fact]
    public async Task An_unknown_topic_is_named_together_with_the_way_to_create_it()
    {
        await using var producer = _cluster.CreateProducer();

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => producer.ProduceAsync("nowhere", "k", "v").AsTask().WaitAsync(s_patience));

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("ostream topic create nowhere", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024, null)]
    [InlineData(1024 * 1024, "1024")]
    public async Task A_record_larger_than_a_batch_may_be_is_refused_at_once(int maxBatchBytes, string? topicLimit)
    {
        _cluster.CreateTopic("t", 1, topicLimit is null ? [] : [("max.message.bytes", topicLimit)]);
        await using var producer = _cluster.CreateProducer(new() { MaxBatchBytes = maxBatchBytes });

        var error = await Assert.ThrowsAsync<OrleansStreamException>(
            () => producer.ProduceAsync("t", "k", new string('x', 1000)).AsTask().WaitAsync(s_patience));
        await producer.ProduceAsync("t", "k", new string('x', 900)).AsTask().WaitAsync(s_patience);

        Assert.Equal(ErrorCode.MessageTooLarge, error.ErrorCode);
        Assert.Single(_cluster.Calls);
    }

    private sealed class LengthPartitioner : IPartitioner
    {
        public List<(string, int, int)> Sent { get; } = [];

        public int ChoosePartition(string topic, ReadOnlySpan<byte> key, bool isKeyNull, int partitionCount) => key.Length;

        public void BatchSent(string topic, int partition, int partitionCount) => Sent.Add((topic, partition, partitionCount));
    }
}
