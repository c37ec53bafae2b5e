using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Monitoring;
using OrleansStream.Server.Tests.Fakes;

namespace OrleansStream.Server.Tests.Monitoring;

[Collection(SiloCollection.Name)]
public sealed class SnapshotTests(SiloFixture silo)
{
    private IClusterGrain Cluster => silo.Client.GetGrain<IClusterGrain>(0);

    [Fact]
    public async Task What_was_produced_and_fetched_shows_in_the_counters()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        var before = await SnapshotAsync();

        await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 3)));
        var fetched = await endpoint.FetchAsync(
            new FetchRequest([new FetchPartition(id, Offset.Zero, 1_000_000)], 1, 1_000_000, TimeSpan.Zero), CancellationToken.None);
        var bytes = fetched.Partitions[0].Batches.Length;
        var after = await SnapshotAsync();

        Assert.True(after.Counters.RecordsProduced >= before.Counters.RecordsProduced + 3);
        Assert.True(after.Counters.BytesProduced >= before.Counters.BytesProduced + bytes);
        Assert.True(after.Counters.BytesFetched >= before.Counters.BytesFetched + bytes);
        Assert.True(after.Counters.AckLatency.Sum() > before.Counters.AckLatency.Sum());
        Assert.True(after.Clock > before.Clock);
        var (columns, at) = Find(after, id);
        Assert.Equal((3, bytes, bytes), (columns.HighWatermark[at], columns.BytesProduced[at], columns.BytesFetched[at]));
    }

    [Fact]
    public async Task Errors_are_counted_by_their_code()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        var before = Count(await SnapshotAsync(), ErrorCode.OffsetOutOfRange);

        await endpoint.FetchAsync(
            new FetchRequest([new FetchPartition(id, new Offset(9), 1000)], 1, 1000, TimeSpan.Zero), CancellationToken.None);

        Assert.True(Count(await SnapshotAsync(), ErrorCode.OffsetOutOfRange) > before);
    }

    [Fact]
    public async Task Looking_wakes_nobody()
    {
        var topic = await silo.CreateTopicAsync(partitions: 3);

        var report = await SnapshotAsync();

        Assert.DoesNotContain(report.Topics, open => open.TopicId == topic.TopicId);
        Assert.False(silo.Table.TryFind(new PartitionId(topic.TopicId, 0), out _));
    }

    [Fact]
    public async Task No_more_partitions_are_told_than_were_asked_for()
    {
        await silo.OpenPartitionAsync();
        await silo.OpenPartitionAsync();

        var snapshot = await Cluster.SnapshotAsync(1);
        var tooMany = await Assert.ThrowsAsync<OrleansStreamException>(() => Cluster.SnapshotAsync(10_001));

        var report = Assert.Single(snapshot.Silos).Report!;
        Assert.Equal(1, report.Partitions.Count);
        Assert.True(report.OpenPartitionCount >= 2);
        Assert.Equal(ErrorCode.InvalidRequest, tooMany.ErrorCode);
    }

    [Fact]
    public async Task The_storage_says_how_it_is()
    {
        var checks = await Cluster.CheckStorageAsync();

        Assert.Contains(checks, check => check.Name == "catalog");
        Assert.Equal(2, checks.Length);
        Assert.All(checks, check => Assert.True(check.IsHealthy, check.Message));
    }

    [Fact]
    public async Task A_partitions_segments_are_told_oldest_first()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync(("segment.bytes", "65536"), ("max.message.bytes", "65536"));
        for (var batch = 0; batch < 4; batch++)
        {
            await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 1, valueBytes: 40_000)));
        }

        var segments = await silo.Partition(id).DescribeSegmentsAsync(1000);
        var newest = await silo.Partition(id).DescribeSegmentsAsync(1);

        Assert.Equal([0, 1, 2, 3], segments.Select(segment => segment.BaseOffset.Value));
        Assert.Equal([false, false, false, true], segments.Select(segment => segment.IsActive));
        Assert.All(segments, segment => Assert.True(segment is { SizeInBytes: > 40_000, FirstAppendAt: not null, YoungestRecordAt: not null }));
        Assert.Equal(segments[^1], Assert.Single(newest));
    }

    [Fact]
    public async Task The_time_of_a_record_is_told_from_its_batch()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 3)));

        var second = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.Record, Offset: new Offset(1)));
        var next = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.Record, Offset: new Offset(3)));
        var beyond = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.Record, Offset: new Offset(4)));

        Assert.Equal((ErrorCode.None, 1_700_000_000_001), (second.Error, second.TimestampMs));
        Assert.Equal((ErrorCode.None, -1), (next.Error, next.TimestampMs));
        Assert.Equal(ErrorCode.OffsetOutOfRange, beyond.Error);
    }

    private static long Count(SiloReport report, ErrorCode error) => report.Counters.Errors.Where(counted => counted.Error == error).Sum(counted => counted.Count);

    private static (PartitionColumns Columns, int At) Find(SiloReport report, PartitionId id)
    {
        var topic = Array.FindIndex(report.Topics, open => open.TopicId == id.TopicId);
        var at = Enumerable.Range(0, report.Partitions.Count).Single(
            index => report.Partitions.Topic[index] == topic && report.Partitions.Number[index] == id.Partition);
        return (report.Partitions, at);
    }

    private async Task<SiloReport> SnapshotAsync()
    {
        var member = Assert.Single((await Cluster.SnapshotAsync(10_000)).Silos);
        Assert.Equal(SiloCondition.Active, member.Condition);
        return member.Report!;
    }
}
