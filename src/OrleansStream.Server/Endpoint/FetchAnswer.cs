using OrleansStream.Endpoint;
using OrleansStream.Records;

namespace OrleansStream.Server.Endpoint;

/// <summary>The answer to a fetch while it is being put together.</summary>
internal sealed class FetchAnswer(int partitionCount)
{
    private readonly FetchedPartition[] _partitions = new FetchedPartition[partitionCount];
    private int _count;

    public long Bytes { get; private set; }

    public bool HasError { get; private set; }

    public FetchResponse ToResponse() => new(_partitions);

    public void Add(FetchedPartition partition)
    {
        _partitions[_count++] = partition;
        Bytes += partition.Batches.Length;
        HasError |= partition.Error != ErrorCode.None;
    }

    /// <summary>Gives the batches back, because the answer will be put together anew.</summary>
    public void Release()
    {
        foreach (var partition in _partitions.AsSpan(0, _count))
        {
            partition.Batches.Dispose();
        }
    }

    public static FetchedPartition Failed(PartitionId partition, ErrorCode error, string? message) =>
        new(partition, error, Offset.None, Offset.None, RecordBytes.Empty, message);

    public static FetchResponse AllFailed(FetchRequest request, ErrorCode error, string message) =>
        new(Array.ConvertAll(request.Partitions, wanted => Failed(wanted.Partition, error, message)));
}
