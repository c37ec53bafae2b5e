using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Endpoint;
using OrleansStream.Records;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Server.Endpoint;

/// <summary>
/// Carries out fetches: reads what is there, and where that is too little waits for the partitions' signals and reads again.
/// It never polls. Runs on the thread pool; safe for concurrent use.
/// </summary>
internal sealed partial class Fetcher(
    PartitionTable table, ServerMetrics metrics, TimeProvider time, IOptions<OrleansStreamServerOptions> options, ILogger<Fetcher> logger)
{
    /// <summary>The most partitions that one fetch may name.</summary>
    public const int MaxPartitions = ProtocolLimits.MaxPartitionsPerTopic;

    private const string NotOpenMessage = "The partition is not open on this silo; ask its grain where it lives.";

    private readonly ByteBudget _budget = new(options.Value.MaxFetchBytesInHand);

    /// <param name="request">What is wanted.</param>
    /// <param name="ending">Ends the wait; the answer then holds what is there.</param>
    public async Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken ending)
    {
        if (FindProblem(request) is { } problem)
        {
            return FetchAnswer.AllFailed(request, ErrorCode.InvalidRequest, problem);
        }

        var answer = await ReadAsync(request);
        if (answer.Bytes < request.MinBytes && !answer.HasError && request.MaxWait > TimeSpan.Zero)
        {
            Release(answer);
            answer = await WaitAndReadAsync(request, ending);
        }

        metrics.HandedOut(answer.Bytes);
        _budget.Return(answer.Bytes);
        return answer.ToResponse();
    }

    private async Task<FetchAnswer> WaitAndReadAsync(FetchRequest request, CancellationToken ending)
    {
        var maxWait = request.MaxWait < ProtocolLimits.MaxFetchWait ? request.MaxWait : ProtocolLimits.MaxFetchWait;
        var partitions = FindOpen(request);
        using var waiter = new FetchWaiter(maxWait, time, ending);
        metrics.FetchWaits();
        try
        {
            foreach (var partition in partitions)
            {
                partition.Register(waiter);
            }

            while (true)
            {
                // Read after registering, or a batch that came in between would be signalled to nobody.
                var settled = Sum(partitions, partition => partition.SettledBytes);
                var answer = await ReadAsync(request);
                if (answer.Bytes >= request.MinBytes || answer.HasError || waiter.IsOver)
                {
                    return answer;
                }

                var missing = request.MinBytes - answer.Bytes;
                Release(answer);
                do
                {
                    await waiter.WaitAsync();
                }
                while (!waiter.IsOver && !partitions.Exists(partition => partition.IsClosing)
                    && Sum(partitions, partition => partition.OfferedBytes) - settled < missing);
            }
        }
        finally
        {
            foreach (var partition in partitions)
            {
                partition.Unregister(waiter);
            }

            metrics.FetchWaited();
        }
    }

    private async ValueTask<FetchAnswer> ReadAsync(FetchRequest request)
    {
        var answer = new FetchAnswer(request.Partitions.Length);
        var maxBytes = Math.Min(request.MaxBytes, ProtocolLimits.MaxRecordBytes);
        foreach (var wanted in request.Partitions)
        {
            // Beyond the limits goes at most the answer's first batch, so that whoever asks gets on, and no matter how many partitions are asked for.
            var fetched = await ReadAsync(wanted, (int)Math.Min(wanted.MaxBytes, maxBytes - answer.Bytes), isFirst: answer.Bytes == 0);
            answer.Add(fetched);
            if (fetched.Error != ErrorCode.None)
            {
                metrics.Failed("fetch", fetched.Error);
            }
        }

        return answer;
    }

    private async ValueTask<FetchedPartition> ReadAsync(FetchPartition wanted, int maxBytes, bool isFirst)
    {
        var id = wanted.Partition;
        if (!table.TryFind(id, out var partition))
        {
            return FetchAnswer.Failed(id, ErrorCode.NotLeaderOrFollower, NotOpenMessage);
        }

        var offsets = partition.Offsets;
        if (wanted.Offset < offsets.LogStart || wanted.Offset > offsets.HighWatermark)
        {
            return Nothing(
                ErrorCode.OffsetOutOfRange,
                $"Offset {wanted.Offset} is out of range: partition {id.Partition} holds {offsets.LogStart} up to {offsets.HighWatermark}.");
        }

        if (wanted.Offset == offsets.HighWatermark || maxBytes <= 0)
        {
            return Nothing(partition.IsClosing ? ErrorCode.NotLeaderOrFollower : ErrorCode.None, null);
        }

        if (!_budget.TryTake(maxBytes))
        {
            // An answer that already holds something goes out as it is, and the caller asks again at once.
            return isFirst
                ? Nothing(ErrorCode.Throttled, $"The silo has {_budget.Used} bytes of answers in hand and reads no more just now; ask again.")
                : Nothing(ErrorCode.None, null);
        }

        var batches = RecordBytes.Empty;
        try
        {
            batches = await partition.ReadAsync(wanted.Offset, maxBytes, firstWhole: isFirst);
            offsets = partition.Offsets;
            return new FetchedPartition(id, ErrorCode.None, offsets.HighWatermark, offsets.LogStart, batches);
        }
        catch (OrleansStreamException expected)
        {
            return FetchAnswer.Failed(id, expected.ErrorCode, expected.Message);
        }
        catch (Exception unexpected)
        {
            FetchFailed(id, wanted.Offset, unexpected);
            return FetchAnswer.Failed(id, ErrorCode.Unknown, $"Nothing was read: {unexpected.Message}");
        }
        finally
        {
            _budget.Return(maxBytes - batches.Length);
        }

        FetchedPartition Nothing(ErrorCode error, string? message) =>
            new(id, error, offsets.HighWatermark, offsets.LogStart, RecordBytes.Empty, message);
    }

    private List<Partition> FindOpen(FetchRequest request)
    {
        var found = new List<Partition>(request.Partitions.Length);
        foreach (var wanted in request.Partitions)
        {
            if (table.TryFind(wanted.Partition, out var partition))
            {
                found.Add(partition);
            }
        }

        return found;
    }

    private void Release(FetchAnswer answer)
    {
        answer.Release();
        _budget.Return(answer.Bytes);
    }

    private static string? FindProblem(FetchRequest request)
    {
        if (request.Partitions.Length > MaxPartitions)
        {
            return $"A fetch names at most {MaxPartitions} partitions, not {request.Partitions.Length}; split it.";
        }

        if (request.MaxBytes <= 0 || Array.Exists(request.Partitions, wanted => wanted.MaxBytes <= 0))
        {
            return "A fetch must allow at least one byte, in all and per partition.";
        }

        return request.MinBytes > request.MaxBytes ? $"A fetch cannot wait for {request.MinBytes} bytes and allow only {request.MaxBytes}." : null;
    }

    private static long Sum(List<Partition> partitions, Func<Partition, long> bytes)
    {
        var sum = 0L;
        foreach (var partition in partitions)
        {
            sum += bytes(partition);
        }

        return sum;
    }

    [LoggerMessage(LogEvents.FetchFailed, LogLevel.Error, "A read of partition {Partition} at offset {Offset} failed in a way nobody foresaw.")]
    private partial void FetchFailed(PartitionId partition, Offset offset, Exception exception);
}
