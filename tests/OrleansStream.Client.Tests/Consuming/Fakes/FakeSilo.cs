using System.Buffers;
using System.Collections.Concurrent;
using OrleansStream.Endpoint;
using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Client.Tests.Consuming.Fakes;

/// <summary>A silo's endpoint over <see cref="FakeLog"/>s, which a test can hold up or make fail.</summary>
internal sealed class FakeSilo : IStreamEndpoint
{
    public ConcurrentDictionary<PartitionId, FakeLog> Logs { get; } = new();

    /// <summary>Every fetch, in the order of arrival.</summary>
    public ConcurrentQueue<FetchRequest> Fetches { get; } = new();

    /// <summary>Answers instead of the silo, when it returns something.</summary>
    public Func<FetchRequest, Task<FetchResponse?>>? Instead { get; set; }

    /// <summary>Called with each answer before it leaves; a test may hold it back here.</summary>
    public Func<FetchRequest, FetchResponse, Task>? BeforeAnswer { get; set; }

    /// <summary>Fetches that are under way.</summary>
    public int FetchesUnderWay;

    /// <summary>The most bytes of batches handed out in one answer.</summary>
    public long LargestAnswer { get; private set; }

    public async Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref FetchesUnderWay);
        try
        {
            Fetches.Enqueue(request);
            if (Instead is { } instead && await instead(request) is { } other)
            {
                return other;
            }

            var response = Read(request);
            if (request.MaxWait > TimeSpan.Zero && response.Partitions.All(p => p.Error == ErrorCode.None && p.Batches.Length == 0))
            {
                var grown = request.Partitions.Where(p => Logs.ContainsKey(p.Partition)).Select(p => Logs[p.Partition].Grown).ToList();
                response = Read(request);
                if (response.Partitions.All(p => p.Batches.Length == 0))
                {
                    await Task.WhenAny([.. grown, Task.Delay(request.MaxWait, cancellationToken)]);
                    cancellationToken.ThrowIfCancellationRequested();
                    response = Read(request);
                }
            }

            if (BeforeAnswer is { } before)
            {
                await before(request, response);
            }

            LargestAnswer = Math.Max(LargestAnswer, response.Partitions.Sum(p => (long)p.Batches.Length));
            return response;
        }
        finally
        {
            Interlocked.Decrement(ref FetchesUnderWay);
        }
    }

    public Task<FindOffsetResponse> FindOffsetAsync(FindOffsetRequest request)
    {
        var log = Logs[request.Partition];
        return Task.FromResult(new FindOffsetResponse(
            ErrorCode.None, new Offset(request.Position == OffsetPosition.End ? log.End : request.Position == OffsetPosition.Beginning ? log.Start : request.TimestampMs)));
    }

    public Task<ProduceResponse> ProduceAsync(ProduceRequest request) => throw new NotSupportedException();

    public Task<bool> IsAppendingAsync(PartitionId partition) => throw new NotSupportedException();

    public Task TopicChangedAsync(Guid topicId) => throw new NotSupportedException();

    public Task<PartitionDescription[]> DescribeOpenPartitionsAsync(Guid topicId, int first, int count) => throw new NotSupportedException();

    public Task<int> CountOpenPartitionsAsync() => throw new NotSupportedException();

    public Task<Placement.OpenPartition[]> ListOpenPartitionsAsync(int limit) => throw new NotSupportedException();

    public Task<Monitoring.SiloReport> ReportAsync(int limit) => throw new NotSupportedException();

    public Task PrepareToOpenAsync(PartitionId partition) => throw new NotSupportedException();

    public Task PlacementChangedAsync() => throw new NotSupportedException();

    public Task SiloStoppingAsync(SiloAddress silo) => throw new NotSupportedException();

    private FetchResponse Read(FetchRequest request)
    {
        var left = request.MaxBytes;
        return new FetchResponse(Array.ConvertAll(request.Partitions, wanted =>
        {
            if (!Logs.TryGetValue(wanted.Partition, out var log))
            {
                return new FetchedPartition(wanted.Partition, ErrorCode.NotLeaderOrFollower, Offset.None, Offset.None, RecordBytes.Empty);
            }

            var isIn = wanted.Offset.Value >= log.Start && wanted.Offset.Value <= log.End;
            var bytes = isIn && left > 0 ? log.Read(wanted.Offset.Value, Math.Min(wanted.MaxBytes, left)) : [];
            left -= bytes.Length;
            return new FetchedPartition(
                wanted.Partition, isIn ? ErrorCode.None : ErrorCode.OffsetOutOfRange, new Offset(log.End), new Offset(log.Start), Rent(bytes));
        }));
    }

    private RecordBytes Rent(byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return RecordBytes.Empty;
        }

        var rented = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(rented, 0);
        return RecordBytes.FromRented(rented, bytes.Length);
    }
}
