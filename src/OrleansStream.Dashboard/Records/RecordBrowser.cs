using OrleansStream.Client.Administration;
using OrleansStream.Records;

namespace OrleansStream.Dashboard.Records;

/// <summary>Where looking begins.</summary>
internal enum BrowseFrom
{
    Newest,
    Beginning,
    Offset,
    Time,
}

/// <summary>What somebody wants to see.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partitions">The partitions; at least one.</param>
/// <param name="From">Where to begin.</param>
/// <param name="Offset">With <see cref="BrowseFrom.Offset"/>.</param>
/// <param name="Time">With <see cref="BrowseFrom.Time"/>.</param>
/// <param name="Filter">Which records are wanted.</param>
/// <param name="Limit">How many at most.</param>
internal sealed record BrowseRequest(
    string Topic, IReadOnlyList<int> Partitions, BrowseFrom From, long Offset, DateTimeOffset Time, RecordFilter Filter, int Limit);

/// <summary>What was found.</summary>
/// <param name="Records">In the order asked for: newest first, or by partition and offset merged by time.</param>
/// <param name="Scanned">How many records were looked at.</param>
/// <param name="Next">Where to go on in each partition; partitions that are done are left out.</param>
internal sealed record BrowsePage(IReadOnlyList<BrowsedRecord> Records, long Scanned, IReadOnlyDictionary<int, long> Next)
{
    public bool HasMore => Next.Count > 0;
}

/// <summary>
/// Looks into the logs of a topic, forwards or newest first, without a consumer: whole batches come as they are stored, and only
/// what is shown is copied out of them. One for each browser; one call at a time.
/// </summary>
internal sealed class RecordBrowser(IAdminClient admin)
{
    private const int FetchBytes = 4 * 1024 * 1024;
    private const int MaxDecompressedBytes = 128 * 1024 * 1024;

    /// <summary>Newest first goes backwards by this many records, and by more when a filter lets little through.</summary>
    private const int FirstStride = 100;
    private const int MaxStride = 100_000;

    /// <summary>As many as make use of a small machine's processors without taking all of a larger one's.</summary>
    private const int PartitionsAtOnce = 4;

    /// <summary>Called now and then while many records are looked through.</summary>
    public Action<long>? Progress { get; set; }

    /// <param name="request">What is wanted.</param>
    /// <param name="next">Where an earlier page ended; null to begin.</param>
    /// <param name="stop">Ends the search; what was found until then is given.</param>
    public Task<BrowsePage> ReadAsync(BrowseRequest request, IReadOnlyDictionary<int, long>? next, CancellationToken stop) =>
        request.From == BrowseFrom.Newest ? ReadNewestAsync(request, next, stop) : ReadForwardsAsync(request, next, stop);

    private async Task<BrowsePage> ReadForwardsAsync(BrowseRequest request, IReadOnlyDictionary<int, long>? next, CancellationToken stop)
    {
        var scan = new Scan(request.Filter, Progress);
        var positions = next ?? await FindStartsAsync(request, stop).ConfigureAwait(false);
        var left = new Dictionary<int, long>();
        var found = new List<BrowsedRecord>();

        // A search looks through several partitions at the same time; a page without one is mostly full after the first.
        var atOnce = request.Filter.IsEmpty ? 1 : PartitionsAtOnce;
        foreach (var chunk in positions.OrderBy(position => position.Key).Chunk(atOnce))
        {
            var pieces = found.Count >= request.Limit
                ? [.. chunk.Select(position => (Next: position.Value, Found: (List<BrowsedRecord>)[]))]
                : await Task.WhenAll(chunk.Select(position => ReadPartitionAsync(request, position.Key, position.Value, scan, stop))).ConfigureAwait(false);

            // Partition by partition: each has an order, and together they have none.
            foreach (var (partition, (end, mine)) in chunk.Select(position => position.Key).Zip(pieces))
            {
                var taken = Math.Min(mine.Count, request.Limit - found.Count);
                found.AddRange(mine.Take(taken));
                var position = taken < mine.Count ? mine[taken].Offset : end;
                if (position >= 0)
                {
                    left[partition] = position;
                }
            }
        }

        return new BrowsePage(found, scan.Count, left);
    }

    /// <returns>What was found, and where to go on; -1 at the end.</returns>
    private async Task<(long Next, List<BrowsedRecord> Found)> ReadPartitionAsync(
        BrowseRequest request, int partition, long start, Scan scan, CancellationToken stop)
    {
        // Each on a thread of its own: what takes the time is looking, not waiting.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var found = new List<BrowsedRecord>();
        var position = start;
        while (found.Count < request.Limit && !stop.IsCancellationRequested)
        {
            var step = await ReadOnceAsync(request.Topic, partition, position, long.MaxValue, request.Limit - found.Count, scan, found, stop).ConfigureAwait(false);
            position = step.Next;
            if (step.IsEnd)
            {
                return (-1, found);
            }
        }

        return (position, found);
    }

    private async Task<BrowsePage> ReadNewestAsync(BrowseRequest request, IReadOnlyDictionary<int, long>? next, CancellationToken stop)
    {
        var scan = new Scan(request.Filter, Progress);
        var extents = new Dictionary<int, (long Start, long End)>();
        foreach (var partition in request.Partitions)
        {
            if (next is null || next.ContainsKey(partition))
            {
                var name = new TopicPartition(request.Topic, partition);
                var start = await admin.FindBeginningAsync(name, stop).ConfigureAwait(false);
                var end = next?[partition] ?? (await admin.FindEndAsync(name, stop).ConfigureAwait(false)).Value;
                extents[partition] = (start.Value, end);
            }
        }

        // Every partition gives as many as are wanted, since all of the newest may be in one; the merge then decides.
        var candidates = new List<BrowsedRecord>();
        var reached = new Dictionary<int, long>();
        foreach (var (partition, (start, end)) in extents)
        {
            var mine = new List<BrowsedRecord>();
            var (upper, stride) = (end, (long)Math.Max(FirstStride, request.Limit));
            while (upper > start && mine.Count < request.Limit && !stop.IsCancellationRequested)
            {
                var lower = Math.Max(start, upper - stride);
                var piece = new List<BrowsedRecord>();
                for (var position = lower; position < upper && !stop.IsCancellationRequested;)
                {
                    var step = await ReadOnceAsync(request.Topic, partition, position, upper, int.MaxValue, scan, piece, stop).ConfigureAwait(false);
                    position = step.IsEnd ? upper : step.Next;
                    if (piece.Count > request.Limit)
                    {
                        piece.RemoveRange(0, piece.Count - request.Limit);
                    }
                }

                mine.InsertRange(0, piece);
                upper = lower;
                stride = Math.Min(stride * 4, MaxStride);
            }

            reached[partition] = upper;
            candidates.AddRange(mine);
        }

        var newest = candidates.OrderByDescending(record => record.Timestamp).ThenByDescending(record => record.Offset).Take(request.Limit).ToList();
        return new BrowsePage(newest, scan.Count, Older(newest, candidates, extents, reached));
    }

    /// <summary>Where each partition goes on: below the oldest one shown of it, or at its end where none of it was.</summary>
    private static Dictionary<int, long> Older(
        List<BrowsedRecord> shown, List<BrowsedRecord> candidates, Dictionary<int, (long Start, long End)> extents, Dictionary<int, long> reached)
    {
        var next = new Dictionary<int, long>();
        foreach (var (partition, (start, end)) in extents)
        {
            var mine = shown.Where(record => record.Partition == partition).ToList();
            var isComplete = candidates.Count(record => record.Partition == partition) == mine.Count;
            var upper = isComplete ? reached[partition] : mine.Count > 0 ? mine.Min(record => record.Offset) : end;
            if (upper > start)
            {
                next[partition] = upper;
            }
        }

        return next;
    }

    private async Task<Dictionary<int, long>> FindStartsAsync(BrowseRequest request, CancellationToken stop)
    {
        var starts = new Dictionary<int, long>();
        foreach (var partition in request.Partitions)
        {
            var name = new TopicPartition(request.Topic, partition);
            var beginning = await admin.FindBeginningAsync(name, stop).ConfigureAwait(false);
            switch (request.From)
            {
                case BrowseFrom.Offset:
                    starts[partition] = Math.Max(beginning.Value, request.Offset);
                    break;
                case BrowseFrom.Time:
                    if (await admin.FindOffsetAsync(name, request.Time, stop).ConfigureAwait(false) is { } offset)
                    {
                        starts[partition] = offset.Value;
                    }

                    break;
                default:
                    starts[partition] = beginning.Value;
                    break;
            }
        }

        return starts;
    }

    /// <summary>Reads one answer's worth of batches.</summary>
    private async Task<(long Next, bool IsEnd)> ReadOnceAsync(
        string topic, int partition, long from, long before, int limit, Scan scan, List<BrowsedRecord> found, CancellationToken stop)
    {
        Endpoint.FetchedPartition fetched;
        try
        {
            fetched = await admin.FetchAsync(new TopicPartition(topic, partition), new Offset(from), FetchBytes, cancellationToken: stop).ConfigureAwait(false);
        }
        catch (OrleansStreamException outside) when (outside.ErrorCode == ErrorCode.OffsetOutOfRange)
        {
            // Beyond the end, or retention was faster: there is nothing to see from here on.
            return (from, true);
        }

        using var bytes = fetched.Batches;
        var rest = bytes.Memory;
        var position = from;
        var wanted = found.Count + (long)limit;
        while (RecordBatchReader.TryReadBatch(rest, out var batch))
        {
            rest = rest[batch.Length..];
            var header = new RecordBatchHeader(batch.Span);
            var last = header.LastOffset;
            if (header.IsControl)
            {
                position = last + 1;
                continue;
            }

            using var cursor = RecordCursor.Open(batch, MaxDecompressedBytes);
            while (cursor.MoveNext())
            {
                if (cursor.Offset.Value < from)
                {
                    continue;
                }

                if (cursor.Offset.Value >= before || found.Count >= wanted)
                {
                    return (cursor.Offset.Value, cursor.Offset.Value >= before);
                }

                scan.Look(cursor, partition, found);
            }

            position = last + 1;
        }

        return (position, position >= fetched.HighWatermark.Value || bytes.Length == 0);
    }

    /// <summary>Looks at records; several partitions' at the same time.</summary>
    private sealed class Scan(RecordFilter filter, Action<long>? progress)
    {
        private const int ProgressEvery = 100_000;

        private long _count;

        public long Count => Interlocked.Read(ref _count);

        public void Look(RecordCursor record, int partition, List<BrowsedRecord> found)
        {
            var count = Interlocked.Increment(ref _count);
            if (count % ProgressEvery == 0)
            {
                progress?.Invoke(count);
            }

            if (filter.Matches(record))
            {
                found.Add(new BrowsedRecord(
                    partition,
                    record.Offset.Value,
                    DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(record.TimestampMs, 0, s_maxTimestamp)),
                    record.IsKeyNull ? null : record.Key.ToArray(),
                    record.IsValueNull ? null : record.Value.ToArray(),
                    record.HeaderCount == 0 ? [] : record.ReadHeaders()));
            }
        }

        private static readonly long s_maxTimestamp = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
    }
}
