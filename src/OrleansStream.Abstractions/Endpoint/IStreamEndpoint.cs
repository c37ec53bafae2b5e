using Orleans.Services;
using OrleansStream.Monitoring;
using OrleansStream.Placement;
using OrleansStream.Topics;

namespace OrleansStream.Endpoint;

/// <summary>
/// A silo's own door for data: it serves the partitions that live on this silo, and only those. Clients address it through the
/// silo's gateway, so a batch crosses the network once. A waiting fetch holds no grain, so it never delays a partition's move.
/// </summary>
/// <remarks>
/// Calls to it may overtake each other. A producer keeps one batch in flight per partition, or relies on sequence numbers.
/// </remarks>
[Alias("orleansstream.endpoint")]
public interface IStreamEndpoint : IGrainService
{
    /// <summary>Appends a batch and answers once it is durable.</summary>
    [Alias("Produce"), ResponseTimeout("00:00:10")]
    Task<ProduceResponse> ProduceAsync(ProduceRequest request);

    /// <summary>
    /// Whether appends to a partition are under way here. A producer that waits for an answer learns from a no that its request never
    /// came, or that the answer did not come back.
    /// </summary>
    [Alias("IsAppending"), ResponseTimeout("00:00:02")]
    Task<bool> IsAppendingAsync(PartitionId partition);

    /// <summary>Reads batches, waiting for them as long as the request allows.</summary>
    [Alias("Fetch"), ResponseTimeout("00:00:10")]
    Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken cancellationToken);

    /// <summary>Finds the beginning, the end, or the first record from a time on.</summary>
    [Alias("FindOffset"), ResponseTimeout("00:00:10")]
    Task<FindOffsetResponse> FindOffsetAsync(FindOffsetRequest request);

    /// <summary>Tells the silo that the catalog's entry of a topic changed or is gone; it adapts or closes the partitions it has open.</summary>
    [Alias("TopicChanged"), ResponseTimeout("00:00:30")]
    Task TopicChangedAsync(Guid topicId);

    /// <summary>Describes the partitions of a topic that this silo has open; the others are left out.</summary>
    /// <param name="topicId">The topic.</param>
    /// <param name="first">The first partition wanted.</param>
    /// <param name="count">How many partitions, from the first on, are looked at.</param>
    [Alias("DescribeOpenPartitions")]
    Task<PartitionDescription[]> DescribeOpenPartitionsAsync(Guid topicId, int first, int count);

    /// <summary>The number of partitions that this silo has open.</summary>
    [Alias("CountOpenPartitions")]
    Task<int> CountOpenPartitionsAsync();

    /// <summary>Partitions that this silo has open, by topic and partition.</summary>
    /// <param name="limit">How many at most.</param>
    [Alias("ListOpenPartitions")]
    Task<OpenPartition[]> ListOpenPartitionsAsync(int limit);

    /// <summary>The silo's counters, and what it has open. It asks nobody and waits for nothing, so a silo that is late with it is in trouble.</summary>
    /// <param name="limit">How many partitions at most.</param>
    [Alias("Report"), ResponseTimeout("00:00:00.8")]
    Task<SiloReport> ReportAsync(int limit);

    /// <summary>
    /// Has the silo look at a partition that is about to move there, while it is still served elsewhere. A silo that has just
    /// started does then what makes its first opening slow, and one that does not answer is not given anything.
    /// </summary>
    [Alias("PrepareToOpen"), ResponseTimeout("00:00:05")]
    Task PrepareToOpenAsync(PartitionId partition);

    /// <summary>Tells the silo that pins or drained silos changed; it has read them when this completes.</summary>
    [Alias("PlacementChanged")]
    Task PlacementChangedAsync();

    /// <summary>Tells the silo that another one is about to stop and gives its partitions away; nothing is to be placed there any more.</summary>
    [Alias("SiloStopping")]
    Task SiloStoppingAsync(SiloAddress silo);
}
