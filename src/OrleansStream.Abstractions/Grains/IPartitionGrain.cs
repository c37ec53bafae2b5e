using OrleansStream.Endpoint;
using OrleansStream.Topics;

namespace OrleansStream.Grains;

/// <summary>
/// The owner of one partition; its key is <see cref="PartitionId.ToString"/>. It opens the partition's log where it is activated;
/// data then flows through that silo's <see cref="IStreamEndpoint"/>. Produce and fetch on the grain itself always reach
/// the owner, with a detour.
/// </summary>
[Alias("orleansstream.partition")]
public interface IPartitionGrain : IGrainWithStringKey
{
    /// <summary>Opens the partition if it is idle, and tells where it lives.</summary>
    /// <exception cref="OrleansStreamException">No such partition, or its log cannot be opened.</exception>
    [Alias("GetLeader")]
    Task<PartitionLeader> GetLeaderAsync();

    /// <summary>Opens the partition if it is idle, and tells how far it reaches.</summary>
    /// <exception cref="OrleansStreamException">No such partition, or its log cannot be opened.</exception>
    [Alias("Describe"), Orleans.Concurrency.AlwaysInterleave]
    Task<PartitionDescription> DescribeAsync();

    /// <summary>Opens the partition if it is idle, and tells its newest segments, oldest first.</summary>
    /// <param name="limit">How many at most.</param>
    /// <exception cref="OrleansStreamException">No such partition, or its log cannot be opened.</exception>
    [Alias("DescribeSegments"), Orleans.Concurrency.AlwaysInterleave]
    Task<SegmentDescription[]> DescribeSegmentsAsync(int limit);

    /// <summary>The slow way to <see cref="IStreamEndpoint.ProduceAsync"/>.</summary>
    [Alias("Produce"), Orleans.Concurrency.AlwaysInterleave]
    Task<ProduceResponse> ProduceAsync(ProduceRequest request);

    /// <summary>The slow way to <see cref="IStreamEndpoint.FetchAsync"/>, of this partition only; it never waits.</summary>
    [Alias("Fetch"), Orleans.Concurrency.AlwaysInterleave]
    Task<FetchedPartition> FetchAsync(FetchPartition request);

    /// <summary>Deletes every record before <paramref name="before"/>.</summary>
    /// <returns>The log start offset afterwards.</returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.OffsetOutOfRange"/> beyond the high watermark.</exception>
    [Alias("DeleteRecords")]
    Task<Offset> DeleteRecordsAsync(Offset before);
}
