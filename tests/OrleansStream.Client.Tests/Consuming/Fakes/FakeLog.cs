using System.Buffers.Binary;
using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Client.Tests.Consuming.Fakes;

/// <summary>A partition in memory: real batches, and a signal for those who wait for more.</summary>
internal sealed class FakeLog
{
    private readonly Lock _lock = new();
    private readonly List<(long First, long Last, byte[] Bytes)> _batches = [];
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Start { get; set; }

    public long End { get; private set; }

    public int Epoch { get; set; }

    /// <summary>Completes when something was appended after this was asked for.</summary>
    public Task Grown
    {
        get
        {
            lock (_lock)
            {
                return _grown.Task;
            }
        }
    }

    /// <summary>Appends one batch with these values; each is also its record's key.</summary>
    public FakeLog Append(params string[] values)
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, 16 * 1024 * 1024);
        foreach (var value in values)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            Assert.True(builder.TryAppend(new RecordFields { TimestampMs = End, Key = bytes, Value = bytes }));
        }

        return AppendBatch(builder.Build(-1, -1, -1).Memory.ToArray(), values.Length);
    }

    /// <summary>Appends records "0", "1" and so on, in batches of that many.</summary>
    public FakeLog AppendNumbers(int count, int perBatch)
    {
        for (var done = 0; done < count; done += perBatch)
        {
            Append([.. Enumerable.Range(done, Math.Min(perBatch, count - done)).Select(n => $"{n}")]);
        }

        return this;
    }

    /// <summary>Appends a batch as it is, except for what the log assigns.</summary>
    public FakeLog AppendBatch(byte[] batch, int offsets)
    {
        TaskCompletionSource grown;
        lock (_lock)
        {
            BinaryPrimitives.WriteInt64BigEndian(batch, End);
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(12), Epoch);
            _batches.Add((End, End + offsets - 1, batch));
            End += offsets;
            grown = _grown;
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        grown.SetResult();
        return this;
    }

    public byte[] LastBatch => _batches[^1].Bytes;

    /// <summary>Whole batches from the one on that holds the offset; one at least.</summary>
    public byte[] Read(long offset, int maxBytes)
    {
        lock (_lock)
        {
            var bytes = new List<byte>();
            foreach (var batch in _batches.Where(batch => batch.Last >= offset))
            {
                if (bytes.Count > 0 && bytes.Count + batch.Bytes.Length > maxBytes)
                {
                    break;
                }

                bytes.AddRange(batch.Bytes);
            }

            return [.. bytes];
        }
    }
}
