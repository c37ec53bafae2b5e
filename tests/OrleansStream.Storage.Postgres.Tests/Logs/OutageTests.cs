using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansStream.Storage.Contract;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>A server of its own that is killed, stopped and cut off while appends are under way.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private readonly Guid _topic = Guid.NewGuid();
    private PostgresServer _server = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.StartNewAsync();
        _database = NpgsqlDataSource.Create(await _server.CreateDatabaseAsync("logs"));
        await new SchemaInstaller(_database, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Logs, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Appends_outlast_cut_connections_and_restarts_of_the_server_without_loss_or_doubles()
    {
        await using var store = Open(TimeSpan.FromSeconds(60));
        var logs = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => OpenAsync(store, i)));
        using var stop = new CancellationTokenSource();
        var acknowledged = logs.Select(_ => new ConcurrentQueue<Offset>()).ToArray();
        var appending = logs.Select((log, i) => Task.Run(() => AppendUntilAsync(log, acknowledged[i], stop.Token))).ToArray();
        await using (var cutter = await _database.OpenConnectionAsync())
        {
            await using var cut = new NpgsqlCommand(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()", cutter);
            for (var i = 0; i < 10; i++)
            {
                await WaitForMoreAsync(acknowledged);
                await cut.ExecuteNonQueryAsync();
            }
        }

        await WaitForMoreAsync(acknowledged);
        await _server.RestartAsync();
        await WaitForMoreAsync(acknowledged);
        await _server.KillAsync();
        await _server.StartAsync();
        await WaitForMoreAsync(acknowledged);
        await stop.CancelAsync();
        await Task.WhenAll(appending);

        for (var i = 0; i < logs.Length; i++)
        {
            Assert.Equal(Enumerable.Range(0, acknowledged[i].Count).Select(offset => new Offset(offset)), acknowledged[i].Order());
            Assert.Equal(acknowledged[i].Count, (await logs[i].ReadBatchesAsync(Offset.Zero)).Count);
            Assert.Equal(acknowledged[i].Count, (await (await OpenAsync(store, i)).ReadBatchesAsync(Offset.Zero)).Count);
        }
    }

    [Fact]
    public async Task A_long_outage_fails_appends_and_the_log_opens_again_afterwards()
    {
        await using var store = Open(TimeSpan.FromMilliseconds(300));
        var log = await OpenAsync(store, 0);
        await log.AppendedAsync(TestBatch.Of(records: 2));
        await _server.StopAsync();

        var failed = await log.AppendAsync(TestBatch.Of(), CancellationToken.None);
        var refused = await Assert.ThrowsAsync<OrleansStreamException>(() => OpenAsync(store, 0));

        Assert.Equal(ErrorCode.StorageError, failed.Error);
        Assert.Contains("cannot be reached", failed.Message, StringComparison.Ordinal);
        Assert.True(refused.IsRetriable);
        await Assert.ThrowsAsync<OrleansStreamException>(() => log.Completion.WaitAsync(TimeSpan.FromSeconds(30)));
        await _server.StartAsync();
        Assert.Equal(new Offset(2), await (await OpenAsync(store, 0)).AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task A_database_that_was_set_back_is_noticed_by_the_first_append()
    {
        await using var store = Open(TimeSpan.FromSeconds(10));
        var log = await OpenAsync(store, 0);
        await log.AppendedAsync(TestBatch.Of(records: 2));
        await log.AppendedAsync(TestBatch.Of(records: 2));
        await ExecuteAsync("UPDATE orleansstream.logs SET log_end = 2; DELETE FROM orleansstream.record_batches WHERE base_offset >= 2");

        var failed = await log.AppendAsync(TestBatch.Of(), CancellationToken.None);

        Assert.Equal(ErrorCode.StorageError, failed.Error);
        Assert.Contains("set back", failed.Message, StringComparison.Ordinal);
    }

    private PostgresPartitionLogStore Open(TimeSpan outageTimeout) => new(
        new PostgresLogStoreOptions { OutageTimeout = outageTimeout, TailCacheBytes = 0 }, _database, TimeProvider.System, NullLoggerFactory.Instance);

    private async Task<IPartitionLog> OpenAsync(PostgresPartitionLogStore store, int partition) =>
        await store.OpenAsync(new PartitionId(_topic, partition), TopicConfiguration.Default, CancellationToken.None);

    private static async Task AppendUntilAsync(IPartitionLog log, ConcurrentQueue<Offset> acknowledged, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => log.AppendAsync(TestBatch.Of(), CancellationToken.None).AsTask()));
            foreach (var result in results)
            {
                Assert.True(result.Error == ErrorCode.None, $"{result.Error}: {result.Message}");
                acknowledged.Enqueue(result.BaseOffset);
            }
        }
    }

    private static async Task WaitForMoreAsync(ConcurrentQueue<Offset>[] acknowledged)
    {
        var before = acknowledged.Select(queue => queue.Count).ToArray();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (acknowledged.Zip(before).Any(pair => pair.First.Count <= pair.Second))
        {
            await Task.Delay(5, timeout.Token);
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
