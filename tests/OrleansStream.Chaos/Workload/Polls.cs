using OrleansStream.Chaos.History;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Chaos.Workload;

/// <summary>Turns what a consumer gave into a line of the history.</summary>
internal static class Polls
{
    public static Operation Of<TKey>(string process, OperationKind kind, ConsumedBatch<TKey, byte[]> batch, string? group = null) => new()
    {
        Process = process,
        Kind = kind,
        Outcome = Outcome.Ok,
        Partition = batch.TopicPartition.Partition,
        Group = group,
        Records = [.. batch.Select(record => new ReadRecord(record.Offset.Value, RecordValue.Decode(record.Value), record.LeaderEpoch.Value))],
    };
}
