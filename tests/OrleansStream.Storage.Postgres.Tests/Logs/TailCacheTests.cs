using OrleansStream.Storage.Postgres.Logs;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>The memory of the youngest batches.</summary>
public class TailCacheTests
{
    private readonly TailCache _cache = new(maxBytes: 1000);

    [Fact]
    public void What_was_added_last_can_be_read_from_any_offset_in_it()
    {
        var tail = new LogTail();
        _cache.Add(tail, [Batch(10, 14, 100), Batch(15, 15, 50)]);

        Assert.Equal(150, Read(tail, 12, 16));
        Assert.Equal(50, Read(tail, 15, 16));
        Assert.Equal(100, Read(tail, 10, 15));
        Assert.Null(Read(tail, 9, 16));
    }

    [Fact]
    public void A_read_stops_at_its_limit_but_returns_one_batch()
    {
        var tail = new LogTail();
        _cache.Add(tail, [Batch(0, 0, 100), Batch(1, 1, 100), Batch(2, 2, 100)]);

        Assert.Equal(200, Read(tail, 0, 3, maxBytes: 250));
        Assert.Equal(100, Read(tail, 1, 3, maxBytes: 1));
        Assert.Equal(0, Read(tail, 1, 3, maxBytes: 99, firstWhole: false));
        Assert.Equal(200, Read(tail, 1, 3, maxBytes: 200, firstWhole: false));
    }

    [Fact]
    public void What_came_first_leaves_first_over_all_logs()
    {
        var (one, two) = (new LogTail(), new LogTail());
        for (var i = 0; i < 20; i++)
        {
            _cache.Add(i % 2 == 0 ? one : two, [Batch(i / 2, i / 2, 100)]);
        }

        // Ten of the twenty fit: the last five of each.
        Assert.Null(Read(one, 4, 10));
        Assert.Equal(500, Read(one, 5, 10));
        Assert.Null(Read(two, 4, 10));
        Assert.Equal(500, Read(two, 5, 10));
    }

    [Fact]
    public void A_log_that_was_closed_leaves_nothing_to_read_and_no_trouble()
    {
        var (closed, open) = (new LogTail(), new LogTail());
        _cache.Add(closed, [Batch(0, 0, 500)]);
        closed.Clear();
        _cache.Add(open, [Batch(0, 0, 400), Batch(1, 1, 400)]);

        Assert.Null(Read(closed, 0, 1));
        Assert.Equal(800, Read(open, 0, 2));
    }

    [Fact]
    public void A_gap_is_refused()
    {
        var tail = new LogTail();
        _cache.Add(tail, [Batch(0, 4, 10)]);

        Assert.Throws<InvalidOperationException>(() => _cache.Add(tail, [Batch(6, 6, 10)]));
    }

    private static CachedBatch Batch(long first, long last, int bytes) =>
        new(new Offset(first), new Offset(last), maxTimestampMs: 0, new byte[bytes / 2], new byte[bytes - (bytes / 2)]);

    private static int? Read(LogTail tail, long offset, long end, int maxBytes = 10_000, bool firstWhole = true) =>
        tail.TryRead(new Offset(offset), new Offset(end), maxBytes, firstWhole)?.Length;
}
