using OrleansStream.Endpoint;
using OrleansStream.Kafka.Apis;
using OrleansStream.Records;
using FetchRequest = OrleansStream.Kafka.Messages.FetchRequest;
using FetchResponse = OrleansStream.Kafka.Messages.FetchResponse;

namespace OrleansStream.Kafka.Fetching;

/// <summary>One partition of a fetch, from what is wanted to what is answered.</summary>
internal sealed class FetchSlot(FetchKey key, FetchRequest.WantedPartition wanted)
{
    public FetchKey Key => key;

    public FetchRequest.WantedPartition Wanted => wanted;

    /// <summary>The partition, once it is known that it exists.</summary>
    public PartitionId Partition { get; set; }

    /// <summary>The answer; null while it can still be hoped that records can be read.</summary>
    public FetchResponse.PartitionAnswer? Answer { get; private set; }

    /// <summary>Who has the partition, when it is not this silo and that is known.</summary>
    public SiloAddress? Leader { get; private set; }

    /// <summary>Under which epoch the partition is open where it is open.</summary>
    public LeaderEpoch LeaderEpoch { get; private set; } = LeaderEpoch.None;

    public void Fail(ErrorCode error) => Answer = Empty((short)Translate(error));

    /// <summary>The partition is elsewhere, or the client knows another epoch of it.</summary>
    public void Redirect(ErrorCode error, SiloAddress? leader, LeaderEpoch epoch)
    {
        Fail(error);
        Leader = leader;
        LeaderEpoch = epoch;
    }

    /// <summary>What the client read last is not what the log holds there.</summary>
    public void Diverge(LeaderEpoch epoch, Offset end)
    {
        Answer = Empty(0);
        Answer.DivergingEpoch = new() { Epoch = epoch.Value, EndOffset = end.Value };
    }

    public void Complete(FetchedPartition fetched, bool knowsZstd)
    {
        // Busy is not an error for a reader: nothing is there just now, and it asks again.
        var error = fetched.Error == ErrorCode.Throttled ? ErrorCode.None : fetched.Error;
        Answer = Empty((short)Translate(error));
        Answer.HighWatermark = fetched.HighWatermark.Value;
        Answer.LastStableOffset = fetched.HighWatermark.Value;
        Answer.LogStartOffset = fetched.LogStartOffset.Value;
        if (error == ErrorCode.None)
        {
            if (knowsZstd || !HasZstd(fetched.Batches.Memory.Span))
            {
                Answer.Records = fetched.Batches.Memory;
            }
            else
            {
                Answer.ErrorCode = (short)ErrorCode.UnsupportedCompressionType;
            }
        }
    }

    /// <summary>Clients know which errors a fetch can have, and some stop at any other.</summary>
    private static ErrorCode Translate(ErrorCode error) => error switch
    {
        ErrorCode.RequestTimedOut or ErrorCode.Unreachable => ErrorCode.NotLeaderOrFollower,
        _ => (ErrorCode)KafkaErrors.Of(error),
    };

    private FetchResponse.PartitionAnswer Empty(short error) => new()
    {
        PartitionIndex = key.Partition,
        ErrorCode = error,
        HighWatermark = -1,
        AbortedTransactions = null,
        Records = ReadOnlyMemory<byte>.Empty,
    };

    private static bool HasZstd(ReadOnlySpan<byte> batches)
    {
        while (batches.Length >= RecordBatchFormat.HeaderBytes)
        {
            var header = new RecordBatchHeader(batches);
            if (header.Compression == CompressionType.Zstd)
            {
                return true;
            }

            batches = batches[(int)Math.Min(header.SizeInBytes, batches.Length)..];
        }

        return false;
    }
}
