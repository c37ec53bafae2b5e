using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Tests.Segments;

/// <summary>After a kill, with batches that the recovery's read buffer does not hold at once.</summary>
public sealed class LargeBatchRecoveryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orleansstream-recovery-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(100_000)]
    [InlineData(255_000)]
    [InlineData(700_000)]
    public async Task Every_acknowledged_batch_is_recovered(int batchBytes)
    {
        const int Count = 12;
        var partition = new PartitionId(Guid.NewGuid(), 0);

        // All sizes differ: where equal batches follow each other, a look at the wrong place finds the right header by chance.
        var batches = Enumerable.Range(0, Count).Select(i => Batch(batchBytes + (i * 1013))).ToArray();
        var killed = Store();
        var log = await killed.OpenAsync(partition, TopicConfiguration.Default, CancellationToken.None);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(ErrorCode.None, (await log.AppendAsync(batches[i], CancellationToken.None)).Error);
        }

        await killed.AbandonAsync();
        await using var store = Store();
        await using var recovered = await store.OpenAsync(partition, TopicConfiguration.Default, CancellationToken.None);

        Assert.Equal(new Offset(Count), recovered.Offsets.HighWatermark);
        for (var i = 0; i < Count; i++)
        {
            using var read = await recovered.ReadAsync(new Offset(i), 1, firstWhole: true, CancellationToken.None);
            Assert.Equal(batches[i].AsSpan(RecordBatchFormat.PrefixBytes), read.Memory.Span[RecordBatchFormat.PrefixBytes..]);
        }
    }

    private FilePartitionLogStore Store() =>
        new(new FileLogStoreOptions { Root = _root }, TimeProvider.System, NullLoggerFactory.Instance);

    private static byte[] Batch(int size)
    {
        var value = new byte[size];
        new Random(size).NextBytes(value);
        using var builder = new RecordBatchBuilder(CompressionType.None, 2 * size);
        Assert.True(builder.TryAppend(new RecordFields { TimestampMs = 1, Value = value }));
        using var built = builder.Build(-1, -1, -1);
        return built.Memory.ToArray();
    }
}
