using System.Buffers;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Cli.Records;

/// <summary>
/// Reads as a <see cref="ConsumeRequest"/> says and writes every record. A batch is written out before the next one is asked for:
/// that is what makes its records done, so a group never commits what did not reach the output.
/// </summary>
internal sealed class RecordConsumer(OrleansStreamClient client, ConsumeRequest request, RecordFormat format, Stream output)
{
    /// <summary>Records per batch at most: about 100 KB of short lines, enough to make a write to a pipe cheap.</summary>
    private const int BatchRecords = 1000;

    /// <summary>Output gathered before it is written although the batch goes on, so that large records do not pile up.</summary>
    private const int FlushBytes = 256 * 1024;

    /// <summary>Requests made at a time when every partition of the topic is asked for something.</summary>
    private const int ParallelRequests = 16;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushBytes);
    private long _left = request.MaxCount;

    /// <summary>Reads until the request is fulfilled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var partitions = await FindPartitionsAsync(cancellationToken);
        var end = request.UntilEnd ? await EndOfTopic.CaptureAsync(client.Admin, partitions, cancellationToken) : null;
        if (end is { IsReached: true })
        {
            return;
        }

        await using var consumer = await ConsumeAsync(partitions, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = end?.WatchAsync(consumer, isGroup: request.GroupId is not null, stop) ?? Task.CompletedTask;
        try
        {
            await foreach (var batch in consumer.ConsumeBatchesAsync((int)Math.Min(BatchRecords, _left), stop.Token))
            {
                var written = Write(batch, end);
                if (_left == 0)
                {
                    await CommitPartAsync(consumer, batch, written, cancellationToken);
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The watch saw the end.
        }

        await stop.CancelAsync();
        await watch;
    }

    /// <summary>Writes a batch, up to the end and the count that the request sets.</summary>
    /// <returns>How many of its records were written.</returns>
    private int Write(ConsumedBatch<byte[], byte[]> batch, EndOfTopic? end)
    {
        var written = 0;
        foreach (ref readonly var record in batch.Span)
        {
            if (_left == 0 || (request.GroupId is null && end is not null && end.IsBehind(record.TopicPartition, record.Offset)))
            {
                break;
            }

            format.Write(record, _buffer);
            written++;
            _left--;
            if (_buffer.WrittenCount >= FlushBytes)
            {
                Flush();
            }
        }

        Flush();
        return written;
    }

    private void Flush()
    {
        output.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    /// <summary>A batch that is left in the middle is not done, so what was written of it is committed by its offset.</summary>
    private async Task CommitPartAsync(
        IConsumer<byte[], byte[]> consumer, ConsumedBatch<byte[], byte[]> batch, int written, CancellationToken cancellationToken)
    {
        if (request.GroupId is not null && written > 0)
        {
            await consumer.CommitAsync(batch[written - 1], cancellationToken);
        }
    }

    private async Task<IReadOnlyList<TopicPartition>> FindPartitionsAsync(CancellationToken cancellationToken)
    {
        var count = (await client.Admin.DescribeTopicAsync(request.Topic, cancellationToken)).PartitionCount;
        var missing = request.Partitions.Where(n => n < 0 || n >= count).ToList();
        if (missing.Count > 0)
        {
            throw new CommandException($"{request.Topic} has the partitions 0 to {count - 1}; there is no partition {missing[0]}.");
        }

        var numbers = request.Partitions.Count > 0 ? request.Partitions.Distinct() : Enumerable.Range(0, count);
        return [.. numbers.Select(n => new TopicPartition(request.Topic, n))];
    }

    private async Task<IConsumer<byte[], byte[]>> ConsumeAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var reset = request.From is { IsEnd: true } ? OffsetReset.End : OffsetReset.Beginning;
        var isExact = request.From is { Offset: not null } or { Time: not null };
        if (request.GroupId is not null)
        {
            IConsumer<byte[], byte[]>? member = null;
            member = client.CreateConsumer(new ConsumerOptions<byte[], byte[]>
            {
                GroupId = request.GroupId,
                Topics = [request.Topic],
                OffsetReset = reset,
                AutoCommitInterval = TimeSpan.FromSeconds(1),
                OnPartitionsAssigned = isExact ? async (assigned, token) => await SeekUncommittedAsync(member!, assigned, token) : null,
            });
            return member;
        }

        var starts = new TopicPartitionOffset[partitions.Count];
        await Parallel.ForAsync(0, partitions.Count, new ParallelOptions { MaxDegreeOfParallelism = ParallelRequests, CancellationToken = cancellationToken }, async (i, token) =>
            starts[i] = new TopicPartitionOffset(partitions[i], isExact ? await request.From!.ResolveAsync(client.Admin, partitions[i], token) : null));
        var consumer = client.CreateConsumer(new ConsumerOptions<byte[], byte[]> { OffsetReset = reset });
        await consumer.AssignAsync(starts, cancellationToken);
        return consumer;
    }

    /// <summary>Applies an offset or time given with a group: it counts only where the group has not committed yet.</summary>
    private async Task SeekUncommittedAsync(
        IConsumer<byte[], byte[]> member, IReadOnlyCollection<TopicPartition> assigned, CancellationToken cancellationToken)
    {
        var committed = await member.CommittedAsync(assigned, cancellationToken);
        foreach (var partition in assigned.Except(committed.Select(c => c.TopicPartition)))
        {
            await member.SeekAsync(partition, await request.From!.ResolveAsync(client.Admin, partition, cancellationToken), cancellationToken);
        }
    }
}
