using OrleansStream.Records;

namespace OrleansStream.Client.Tests;

/// <summary>A partition as the server keeps it: producer epochs, sequences, the last five batches, and the records.</summary>
internal sealed class ModelPartition
{
    private const int BatchesRemembered = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, Producer> _producers = [];
    private readonly List<RawRecord> _records = [];

    public int MaxBatchBytes { get; set; } = int.MaxValue;

    public IReadOnlyList<RawRecord> Records
    {
        get
        {
            lock (_lock)
            {
                return [.. _records];
            }
        }
    }

    public IReadOnlyList<string?> Values => [.. Records.Select(record => record.Value)];

    public (ErrorCode Error, Offset BaseOffset) Append(ReadOnlyMemory<byte> batch)
    {
        lock (_lock)
        {
            var error = RecordBatchValidation.Check(batch.Span, MaxBatchBytes, out _);
            if (error != ErrorCode.None)
            {
                return (error, Offset.None);
            }

            var header = new RecordBatchHeader(batch.Span);
            if (header.ProducerId >= 0)
            {
                var (verdict, duplicateOf) = Check(header);
                if (verdict != ErrorCode.None || duplicateOf.HasValue)
                {
                    return (verdict, duplicateOf);
                }
            }

            var baseOffset = new Offset(_records.Count);
            _records.AddRange(RawLog.Decode(batch).Select(record => record with { Offset = baseOffset + record.Offset.Value }));
            return (ErrorCode.None, baseOffset);
        }
    }

    /// <summary>Loses what was written last, as a machine does that stops before it flushed.</summary>
    public void LoseLastBatch()
    {
        lock (_lock)
        {
            foreach (var producer in _producers.Values)
            {
                producer.Batches.RemoveAt(producer.Batches.Count - 1);
            }

            _records.RemoveAt(_records.Count - 1);
        }
    }

    private (ErrorCode Error, Offset DuplicateOf) Check(in RecordBatchHeader header)
    {
        if (!_producers.TryGetValue(header.ProducerId, out var producer) || header.ProducerEpoch > producer.Epoch)
        {
            if (producer is not null && header.BaseSequence != 0)
            {
                return (ErrorCode.OutOfOrderSequenceNumber, Offset.None);
            }

            _producers[header.ProducerId] = producer = new Producer(header.ProducerEpoch);
        }
        else if (header.ProducerEpoch < producer.Epoch)
        {
            return (ErrorCode.InvalidProducerEpoch, Offset.None);
        }

        foreach (var (first, last, offset) in producer.Batches)
        {
            if (first == header.BaseSequence && last == header.LastSequence)
            {
                return (ErrorCode.None, offset);
            }
        }

        if (producer.Batches.Count > 0 && header.BaseSequence != ((producer.Batches[^1].Last + 1L) & int.MaxValue))
        {
            return (ErrorCode.OutOfOrderSequenceNumber, Offset.None);
        }

        producer.Batches.Add((header.BaseSequence, header.LastSequence, new Offset(_records.Count)));
        if (producer.Batches.Count > BatchesRemembered)
        {
            producer.Batches.RemoveAt(0);
        }

        return (ErrorCode.None, Offset.None);
    }

    private sealed class Producer(short epoch)
    {
        public short Epoch => epoch;

        public List<(int First, int Last, Offset Offset)> Batches { get; } = [];
    }
}
