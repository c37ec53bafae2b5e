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
            while (true)
            {
                await ReadAsync(consumer, (int)Math.Min(BatchRecords, _left), end, stop);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The count is complete, or the watch saw the end.
        }

        await stop.CancelAsync();
        await watch;
    }

    /// <summary>Reads batches of at most so many records, until fewer are wanted.</summary>
    private async Task ReadAsync(IConsumer<byte[], byte[]> consumer, int maxRecords, EndOfTopic? end, CancellationTokenSource stop)
    {
        await foreach (var batch in consumer.ConsumeBatchesAsync(maxRecords, stop.Token))
        {
            Write(batch, end);
            if (_left == 0)
            {
                // Asking for the next batch, in vain, is what makes this one done.
                await stop.CancelAsync();
            }
            else if (_left < maxRecords)
            {
                return;
            }
        }
    }

    /// <summary>Writes a batch. A single reader ends exactly at the end; a group goes on from wherever this one stopped.</summary>
    private void Write(ConsumedBatch<byte[], byte[]> batch, EndOfTopic? end)
    {
        foreach (ref readonly var record in batch.Span)
        {
            if (request.GroupId is null && end is not null && end.IsBehind(record.TopicPartition, record.Offset))
            {
                break;
            }

            format.Write(record, _buffer);
            _left--;
            if (_buffer.WrittenCount >= FlushBytes)
            {
                Flush();
            }
        }

        Flush();
    }

    private void Flush()
    {
        output.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
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
