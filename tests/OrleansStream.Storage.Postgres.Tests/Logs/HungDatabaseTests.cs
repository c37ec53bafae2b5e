using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansStream.Records;
using OrleansStream.Storage.Contract;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>Two databases in one process, one of which answers nothing and breaks off nothing.</summary>
public sealed class HungDatabaseTests : IAsyncLifetime
{
    private const int Logs = 20;

    /// <summary>Longer than every limit that a statement, a connection or an append has.</summary>
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(22);

    /// <summary>More than a busy machine's disk takes now and then, and less than it takes to find out that a database hangs.</summary>
    private static readonly TimeSpan s_longestAppend = TimeSpan.FromSeconds(3);

    private readonly Guid _topic = Guid.NewGuid();
    private readonly LogDatabase _healthy = new();
    private PostgresServer _server = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.StartNewAsync();
        _source = PostgresDataSource.Create(await _server.CreateDatabaseAsync("logs"));
        await new SchemaInstaller(_source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Logs, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        _server.Thaw();
        await _source.DisposeAsync();
        await _server.DisposeAsync();
        await _healthy.DisposeAsync();
    }

    [Fact]
    public async Task It_holds_up_no_append_of_the_other_and_takes_appends_again_soon_after_it_came_back()
    {
        await using var healthy = await _healthy.OpenStoreAsync(new PostgresLogStoreOptions(), TimeProvider.System);
        await using var hanging = Open();
        var log = await OpenAsync(healthy, 0);
        var logs = await Task.WhenAll(Enumerable.Range(0, Logs).Select(number => OpenAsync(hanging, number)));
        var acknowledged = new ConcurrentQueue<(int Partition, Offset Offset)>();
        using var stop = new CancellationTokenSource();
        var producing = Enumerable.Range(0, Logs).Select(number => Task.Run(() => ProduceAsync(hanging, logs[number], number, acknowledged, stop.Token))).ToArray();
        await UntilAsync(() => acknowledged.Count > 5 * Logs);

        _server.Freeze();
        var reading = logs.Select(hung => Task.Run(async () => await Record.ExceptionAsync(async () => (await hung.ReadAsync(Offset.Zero, 1, firstWhole: true, default)).Dispose()))).ToArray();
        var slowest = await AppendForAsync(log, s_hang);
        _server.Thaw();
        var back = Stopwatch.GetTimestamp();
        var partitions = new HashSet<int>();
        acknowledged.Clear();
        await UntilAsync(() =>
        {
            partitions.UnionWith(acknowledged.Select(ack => ack.Partition));
            return partitions.Count == Logs;
        });
        var recovered = Stopwatch.GetElapsedTime(back);
        await stop.CancelAsync();
        await Task.WhenAll(producing);
        await Task.WhenAll(reading);

        Assert.True(slowest < s_longestAppend, $"An append to the database that answers took {slowest}.");
        Assert.True(recovered < TimeSpan.FromSeconds(5), $"It took {recovered} until every log of the other took appends again.");
    }

    [Fact]
    public async Task What_was_acknowledged_before_during_and_after_it_is_there()
    {
        await using var store = Open();
        var acknowledged = new ConcurrentQueue<(int Partition, Offset Offset)>();
        using var stop = new CancellationTokenSource();
        var producing = Task.Run(async () => await ProduceAsync(store, await OpenAsync(store, 0), 0, acknowledged, stop.Token));
        foreach (var hang in (double[])[0.2, 3, 7, 13])
        {
            var before = acknowledged.Count;
            await UntilAsync(() => acknowledged.Count > before + 5);
            _server.Freeze();
            await Task.Delay(TimeSpan.FromSeconds(hang));
            _server.Thaw();
        }

        var last = acknowledged.Count;
        await UntilAsync(() => acknowledged.Count > last + 5);
        await stop.CancelAsync();
        await producing;

        var stored = (await (await OpenAsync(store, 0)).ReadBatchesAsync(Offset.Zero)).Select(batch => new RecordBatchHeader(batch).BaseOffset).ToHashSet();
        Assert.Distinct(acknowledged.Select(ack => ack.Offset));
        Assert.All(acknowledged, ack => Assert.Contains(ack.Offset.Value, stored));
    }

    [Fact]
    public async Task Whoever_asks_it_again_and_again_is_soon_refused_at_once()
    {
        await using var store = Open();
        await OpenAsync(store, 0);
        _server.Freeze();
        var start = Stopwatch.GetTimestamp();

        for (var number = 1; number <= 500; number++)
        {
            var id = new PartitionId(_topic, number);
            var refusal = await Assert.ThrowsAsync<OrleansStreamException>(async () => await store.DescribeAsync(id, CancellationToken.None));
            Assert.True(refusal.IsRetriable);
            await Assert.ThrowsAsync<OrleansStreamException>(async () => await store.ApplyRetentionAsync(id, TopicConfiguration.Default, CancellationToken.None));
            await Assert.ThrowsAsync<OrleansStreamException>(async () => await store.DeleteAsync(id, CancellationToken.None));
            await Assert.ThrowsAsync<OrleansStreamException>(async () => await OpenAsync(store, number));
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(8), $"{Stopwatch.GetElapsedTime(start)}");
        _server.Thaw();
        await UntilAsync(async () => await Record.ExceptionAsync(async () => await OpenAsync(store, 1)) is null);
    }

    [Fact]
    public async Task A_store_is_closed_in_a_bounded_time_whatever_is_under_way()
    {
        var store = Open();
        var logs = await Task.WhenAll(Enumerable.Range(0, Logs).Select(number => OpenAsync(store, number)));
        await logs[0].AppendedAsync(TestBatch.Of());
        _server.Freeze();
        var appends = logs.Select(log => log.AppendAsync(TestBatch.Of(), CancellationToken.None).AsTask()).ToArray();
        var start = Stopwatch.GetTimestamp();

        await store.DisposeAsync();

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(7), $"{Stopwatch.GetElapsedTime(start)}");
        _server.Thaw();
        await Task.WhenAll(appends).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private PostgresPartitionLogStore Open() =>
        new(new PostgresLogStoreOptions { TailCacheBytes = 0 }, _source, TimeProvider.System, NullLoggerFactory.Instance);

    private async Task<IPartitionLog> OpenAsync(PostgresPartitionLogStore store, int number) =>
        await store.OpenAsync(new PartitionId(_topic, number), TopicConfiguration.Default, CancellationToken.None);

    /// <summary>Appends one after the other, and opens the log again when it has ended, as a partition's grain does.</summary>
    private async Task ProduceAsync(
        PostgresPartitionLogStore store, IPartitionLog log, int number, ConcurrentQueue<(int Partition, Offset Offset)> acknowledged, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                log = log.Completion.IsCompleted ? await OpenAsync(store, number) : log;
                var result = await log.AppendAsync(TestBatch.Of(), CancellationToken.None);
                if (result.Error == ErrorCode.None)
                {
                    acknowledged.Enqueue((number, result.BaseOffset));
                }
            }
            catch (OrleansStreamException refusal) when (refusal.IsRetriable)
            {
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private static async Task<TimeSpan> AppendForAsync(IPartitionLog log, TimeSpan time)
    {
        var slowest = TimeSpan.Zero;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
        {
            var sent = Stopwatch.GetTimestamp();
            await log.AppendedAsync(TestBatch.Of());
            slowest = Stopwatch.GetElapsedTime(sent) is var took && took > slowest ? took : slowest;
        }

        return slowest;
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(20, timeout.Token);
        }
    }
}
