using Microsoft.Extensions.Logging;
using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Segments;

/// <summary>What everything that touches one log's files works with.</summary>
internal sealed record FileLogContext(
    PartitionId Partition, LogFolder Folder, IFileSystem Files, OpenSegments OpenSegments, TimeProvider TimeProvider, ILogger Logger)
{
    public long NowMs => TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    public Segment CreateSegment(Partitions.SegmentInfo info) => new(Files, OpenSegments, Folder, info);
}
