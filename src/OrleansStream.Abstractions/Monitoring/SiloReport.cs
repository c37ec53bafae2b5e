namespace OrleansStream.Monitoring;

/// <summary>What a silo says of itself.</summary>
/// <param name="StartedAt">When its process started to serve.</param>
/// <param name="Clock">A reading of its clock, which only goes forward, for computing rates between two reports.</param>
/// <param name="Gateway">Its address for clients, as <c>host:port</c>.</param>
/// <param name="WebAddress">Where its process serves HTTP, if it told; for finding the dashboard of another silo.</param>
/// <param name="Counters">What it has done since it started.</param>
/// <param name="OpenPartitionCount">How many partitions it has open.</param>
/// <param name="Topics">The topics of <paramref name="Partitions"/>.</param>
/// <param name="Partitions">The partitions it has open, or the first of them.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.silo-report")]
public sealed record SiloReport(
    [property: Id(0)] DateTimeOffset StartedAt,
    [property: Id(1)] TimeSpan Clock,
    [property: Id(2)] string Gateway,
    [property: Id(3)] string? WebAddress,
    [property: Id(4)] SiloCounters Counters,
    [property: Id(5)] int OpenPartitionCount,
    [property: Id(6)] OpenTopic[] Topics,
    [property: Id(7)] PartitionColumns Partitions);

/// <summary>A silo's totals since it started, and a few readings of the moment.</summary>
/// <param name="BytesProduced">Bytes of record batches stored.</param>
/// <param name="BatchesProduced">Record batches stored.</param>
/// <param name="RecordsProduced">Records stored.</param>
/// <param name="BytesFetched">Bytes of record batches handed out.</param>
/// <param name="Errors">Requests, or partitions of a fetch, that were answered with an error that is not part of ordinary work.</param>
/// <param name="AckLatency">How many batches were durable after how long, by <see cref="LatencyBuckets"/>.</param>
/// <param name="WaitingFetches">Fetches that wait for records at this moment.</param>
/// <param name="ProcessorTime">Processor time that the process has used.</param>
/// <param name="MemoryBytes">Memory that the process occupies at this moment.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.silo-counters")]
public sealed record SiloCounters(
    [property: Id(0)] long BytesProduced,
    [property: Id(1)] long BatchesProduced,
    [property: Id(2)] long RecordsProduced,
    [property: Id(3)] long BytesFetched,
    [property: Id(4)] ErrorCount[] Errors,
    [property: Id(5)] long[] AckLatency,
    [property: Id(6)] int WaitingFetches,
    [property: Id(7)] TimeSpan ProcessorTime,
    [property: Id(8)] long MemoryBytes);

/// <summary>How often an error was the answer.</summary>
/// <param name="Error">The error.</param>
/// <param name="Count">Since the silo started.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.error-count")]
public readonly record struct ErrorCount([property: Id(0)] ErrorCode Error, [property: Id(1)] long Count);

/// <summary>A topic of which a silo has partitions open.</summary>
/// <param name="TopicId">The topic.</param>
/// <param name="Name">Its name.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.open-topic")]
public sealed record OpenTopic([property: Id(0)] Guid TopicId, [property: Id(1)] string Name);

/// <summary>
/// Open partitions as columns, because ten thousand of them travel once a second: the entries with the same index belong to the
/// same partition. They are in the order of topic and number.
/// </summary>
/// <param name="Topic">The index in <see cref="SiloReport.Topics"/>.</param>
/// <param name="Number">The partition's number.</param>
/// <param name="LeaderEpoch">The epoch under which it is open.</param>
/// <param name="LogStartOffset">The first offset that it holds.</param>
/// <param name="HighWatermark">Every record below it may be read.</param>
/// <param name="SizeInBytes">The bytes of its log.</param>
/// <param name="SegmentCount">The number of segments.</param>
/// <param name="BytesProduced">Bytes of batches stored since this opening.</param>
/// <param name="BytesFetched">Bytes of batches read since this opening.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.partition-columns")]
public sealed record PartitionColumns(
    [property: Id(0)] int[] Topic,
    [property: Id(1)] int[] Number,
    [property: Id(2)] int[] LeaderEpoch,
    [property: Id(3)] long[] LogStartOffset,
    [property: Id(4)] long[] HighWatermark,
    [property: Id(5)] long[] SizeInBytes,
    [property: Id(6)] int[] SegmentCount,
    [property: Id(7)] long[] BytesProduced,
    [property: Id(8)] long[] BytesFetched)
{
    /// <summary>The number of partitions.</summary>
    public int Count => Number.Length;
}
