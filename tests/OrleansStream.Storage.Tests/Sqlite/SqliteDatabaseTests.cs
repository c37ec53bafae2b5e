using System.Diagnostics;
using Microsoft.Data.Sqlite;
using OrleansStream.Storage.Sqlite;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Tests.Sqlite;

public sealed class SqliteDatabaseTests : IAsyncLifetime
{
    private SqliteUnderTest _store = null!;

    public async Task InitializeAsync() => _store = await SqliteUnderTest.CreateAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_the_message_says_which_version_is_needed()
    {
        await _store.Database.DisposeAsync();
        ExecuteOutside("PRAGMA user_version = 99");

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => SqliteDatabase.OpenAsync(_store.Path));

        Assert.Equal(ErrorCode.DataFolderTooNew, error.ErrorCode);
        Assert.Contains("schema version 99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        var path = _store.Path + ".other";
        await File.WriteAllTextAsync(path, new string('x', 5000));

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => SqliteDatabase.OpenAsync(path));

        Assert.Equal(ErrorCode.StorageError, error.ErrorCode);
        Assert.Equal(5000, new FileInfo(path).Length);
    }

    [Fact]
    public async Task A_folder_that_is_missing_is_named_in_the_error()
    {
        var path = Path.Combine(_store.Path + ".missing", "catalog.db");

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => SqliteDatabase.OpenAsync(path));

        Assert.Equal(ErrorCode.StorageError, error.ErrorCode);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commits_are_flushed_in_write_ahead_mode()
    {
        Assert.Equal("wal", await _store.Database.WriteAsync(s => s.QueryFirst("PRAGMA journal_mode", row => row.GetString(0)), default));
    }

    [Fact]
    public async Task The_writer_flushes_at_every_commit()
    {
        const int Full = 2;
        var mode = await _store.Database.WriteAsync(s => s.QueryFirst("PRAGMA synchronous", row => row.GetInt32(0)), default);

        Assert.Equal(Full, mode);
    }

    [Fact]
    public async Task A_piece_of_work_that_fails_does_not_take_its_neighbours_with_it()
    {
        using var gate = new ManualResetEventSlim();
        var blocker = _store.Database.WriteAsync(
            _ =>
            {
                gate.Wait();
                return 0;
            },
            default).AsTask();
        var before = _store.Catalog.TryCreateTopicAsync(Topic("before"), "local", default).AsTask();
        var failing = _store.Database.WriteAsync(s => s.Execute("INSERT INTO topics (name) VALUES ('half')"), default).AsTask();
        var throwing = _store.Database.WriteAsync<int>(_ => throw new InvalidOperationException("mine"), default).AsTask();
        var after = _store.Catalog.TryCreateTopicAsync(Topic("after"), "local", default).AsTask();

        gate.Set();

        await blocker;
        Assert.True(await before);
        Assert.Equal(ErrorCode.StorageError, (await Assert.ThrowsAsync<OrleansStreamException>(() => failing)).ErrorCode);
        Assert.Equal("mine", (await Assert.ThrowsAsync<InvalidOperationException>(() => throwing)).Message);
        Assert.True(await after);
        Assert.Equal(["after", "before"], (await _store.Catalog.ListTopicsAsync("", null, 10, default)).Select(t => t.Name));
    }

    [Fact]
    public async Task Writes_that_wait_together_are_one_transaction()
    {
        using var gate = new ManualResetEventSlim();
        var blocker = _store.Database.WriteAsync(
            _ =>
            {
                gate.Wait();
                return 0;
            },
            default).AsTask();
        var creations = Enumerable.Range(0, 200).Select(n => _store.Catalog.TryCreateTopicAsync(Topic($"t{n}"), "local", default).AsTask()).ToList();
        var pagesBefore = new FileInfo(_store.Path + "-wal").Length / 4096;

        gate.Set();
        await blocker;
        await Task.WhenAll(creations);

        // One transaction each would have written at least two pages each.
        var pages = (new FileInfo(_store.Path + "-wal").Length / 4096) - pagesBefore;
        Assert.InRange(pages, 1, 100);
    }

    [Fact]
    public async Task After_an_error_of_the_disk_everything_is_refused_until_the_database_is_opened_again()
    {
        const int IoError = 10;
        await _store.Catalog.TryCreateTopicAsync(Topic("kept"), "local", default);

        var hit = await Assert.ThrowsAsync<OrleansStreamException>(async () => await _store.Database.WriteAsync<int>(
            _ => throw new SqliteException("disk I/O error", IoError), default));
        var later = await Assert.ThrowsAsync<OrleansStreamException>(
            async () => await _store.Catalog.TryCreateTopicAsync(Topic("later"), "local", default));

        Assert.Equal(ErrorCode.StorageError, hit.ErrorCode);
        Assert.Equal(ErrorCode.StorageError, later.ErrorCode);
        await _store.ReopenAsync();
        Assert.Equal(["kept"], (await _store.Catalog.ListTopicsAsync("", null, 10, default)).Select(t => t.Name));
    }

    [Fact]
    public async Task Disposal_finishes_what_was_handed_over_and_refuses_what_comes_later()
    {
        var creations = Enumerable.Range(0, 50).Select(n => _store.Catalog.TryCreateTopicAsync(Topic($"t{n}"), "local", default).AsTask()).ToList();

        await _store.Database.DisposeAsync();

        Assert.All(await Task.WhenAll(creations), Assert.True);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _store.Catalog.FindTopicAsync("t1", default));
        await _store.ReopenAsync();
        Assert.Equal(50, (await _store.Catalog.ListTopicsAsync("", null, 100, default)).Count);
    }

    [Fact]
    public async Task The_write_ahead_log_does_not_grow_without_end()
    {
        for (var round = 0; round < 20; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(n => _store.Catalog.ReserveProducerIdsAsync(1, default).AsTask()));
            await Task.WhenAll(Enumerable.Range(0, 500).Select(n => _store.Catalog.TryCreateTopicAsync(Topic($"t{n}"), "local", default).AsTask()));
        }

        Assert.InRange(new FileInfo(_store.Path + "-wal").Length, 1, 8 * 1024 * 1024);
    }

    [Fact]
    public async Task A_hundred_thousand_topics_are_listed_in_quick_pages()
    {
        const int Count = 100_000;
        await _store.Database.WriteAsync(
            session => session.Execute(
                """
                WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $count)
                INSERT INTO topics SELECT printf('topic-%06d', n), randomblob(16), 1, '{}', 0 FROM numbers
                """,
                ("$count", Count)),
            default);

        var times = new List<TimeSpan>();
        string? after = null;
        var listed = 0;
        while (true)
        {
            var watch = Stopwatch.StartNew();
            var page = await _store.Catalog.ListTopicsAsync("topic-", after, 1000, default);
            times.Add(watch.Elapsed);
            if (page.Count == 0)
            {
                break;
            }

            listed += page.Count;
            after = page[^1].Name;
        }

        Assert.Equal(Count, listed);
        // A page takes a few milliseconds wherever it lies. The median, since a single page may wait for a disk that others use.
        times.Sort();
        Assert.True(times[times.Count / 2] < TimeSpan.FromMilliseconds(200), $"Half of the pages took more than {times[times.Count / 2].TotalMilliseconds} ms.");
    }

    private static TopicDescription Topic(string name) => new(
        name, Guid.NewGuid(), 1, new Dictionary<string, string>(), DateTimeOffset.FromUnixTimeMilliseconds(1));

    private void ExecuteOutside(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_store.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
