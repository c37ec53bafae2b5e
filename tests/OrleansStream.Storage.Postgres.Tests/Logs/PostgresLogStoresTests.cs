using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansStream.Storage.Contract;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>Logs spread over several databases.</summary>
public sealed class PostgresLogStoresTests : IAsyncLifetime
{
    private readonly ChangingOptions _options = new();
    private TestDatabase _cluster = null!;
    private TestDatabase _extra = null!;
    private NpgsqlDataSource _source = null!;
    private PostgresLogStores _stores = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestDatabase.CreateAsync();
        _extra = await TestDatabase.CreateAsync();
        _source = PostgresDataSource.Create(_cluster.ConnectionString);
        await new SchemaInstaller(_source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Logs, CancellationToken.None);
        _stores = new PostgresLogStores(_options, _source, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public async Task DisposeAsync()
    {
        await _stores.DisposeAsync();
        await _source.DisposeAsync();
        await _cluster.DisposeAsync();
        await _extra.DisposeAsync();
    }

    [Fact]
    public void Without_a_list_everything_goes_to_the_cluster_s_own_database()
    {
        Assert.Equal(["postgres"], _stores.ForNewPartitions);
        Assert.True(_stores.TryFind("postgres", out var store));
        Assert.Equal("postgres", store.Name);
        Assert.False(_stores.TryFind("other", out _));
        Assert.Equal([store], _stores.All);
    }

    [Fact]
    public async Task A_container_may_dispose_it_once_for_each_registration()
    {
        Assert.True(_stores.TryFind("postgres", out var store));
        await using (var log = await store!.OpenAsync(new PartitionId(Guid.NewGuid(), 0), TopicConfiguration.Default, CancellationToken.None))
        {
            await log.AppendedAsync(TestBatch.Of());
        }

        await _stores.DisposeAsync();
        await _stores.DisposeAsync();
    }

    [Fact]
    public async Task A_database_added_while_the_silo_runs_takes_new_partitions_and_touches_no_old_one()
    {
        _stores.TryFind("postgres", out var before);
        await using var old = await before!.OpenAsync(new PartitionId(Guid.NewGuid(), 0), TopicConfiguration.Default, CancellationToken.None);
        await old.AppendedAsync(TestBatch.Of());

        _options.CurrentValue = With(("postgres", ""), ("extra", _extra.ConnectionString));

        Assert.Equal(["extra", "postgres"], _stores.ForNewPartitions);
        Assert.True(_stores.TryFind("extra", out var added));
        await using var log = await added.OpenAsync(new PartitionId(Guid.NewGuid(), 1), TopicConfiguration.Default, CancellationToken.None);
        Assert.Equal(Offset.Zero, await log.AppendedAsync(TestBatch.Of()));
        Assert.Equal(new Offset(1), await old.AppendedAsync(TestBatch.Of()));
        Assert.Equal([1L], await _extra.QueryAsync<long>("SELECT count(*) FROM orleansstream.logs"));
        Assert.Equal([1L], await _cluster.QueryAsync<long>("SELECT count(*) FROM orleansstream.logs"));
    }

    [Fact]
    public void A_database_can_be_closed_to_new_partitions()
    {
        var options = With(("postgres", ""), ("extra", _extra.ConnectionString));
        options.Logs["extra"].AcceptsNewPartitions = false;
        _options.CurrentValue = options;

        Assert.Equal(["postgres"], _stores.ForNewPartitions);
        Assert.True(_stores.TryFind("extra", out _));
    }

    [Fact]
    public async Task A_database_that_is_down_stops_its_own_partitions_only()
    {
        _options.CurrentValue = With(("postgres", ""), ("down", "Host=127.0.0.1;Port=1;Username=nobody;Timeout=1"));
        Assert.True(_stores.TryFind("down", out var down));
        _stores.TryFind("postgres", out var up);

        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(
            async () => await down.OpenAsync(new PartitionId(Guid.NewGuid(), 0), TopicConfiguration.Default, CancellationToken.None));
        await using var log = await up!.OpenAsync(new PartitionId(Guid.NewGuid(), 0), TopicConfiguration.Default, CancellationToken.None);

        Assert.True(refusal.IsRetriable);
        Assert.Equal(Offset.Zero, await log.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public void Refused_settings_leave_the_last_good_ones_in_force()
    {
        _options.CurrentValue = With(("postgres", ""), ("extra", _extra.ConnectionString));
        Assert.Equal(2, _stores.ForNewPartitions.Count);

        _options.Refusal = new OptionsValidationException("", typeof(PostgresStorageOptions), ["no"]);

        Assert.Equal(2, _stores.ForNewPartitions.Count);
    }

    private static PostgresStorageOptions With(params (string Name, string ConnectionString)[] databases)
    {
        var options = new PostgresStorageOptions();
        foreach (var (name, connectionString) in databases)
        {
            options.Logs.Add(name, new PostgresLogDatabaseOptions { ConnectionString = connectionString });
        }

        return options;
    }

    private sealed class ChangingOptions : IOptionsMonitor<PostgresStorageOptions>
    {
        private PostgresStorageOptions _current = new();

        public OptionsValidationException? Refusal { get; set; }

        public PostgresStorageOptions CurrentValue
        {
            get => Refusal is null ? _current : throw Refusal;
            set => _current = value;
        }

        public PostgresStorageOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<PostgresStorageOptions, string?> listener) => null;
    }
}
