using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;
using OrleansStream.Storage;
using OrleansStream.Storage.Postgres;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>
/// The floor on PostgreSQL: as many connections as the store has writers, a table for each, and per commit one binary COPY of a
/// batch for each of its partitions. No offsets, no fence, no index but the same primary key.
/// </summary>
internal sealed class BareCopyRung : IRung
{
    private const int Connections = 2;

    private TestDatabase? _database;
    private NpgsqlDataSource _source = null!;
    private byte[] _batch = [];
    private Load _load = null!;

    public string Name => "bare COPY";

    public async Task StartAsync(Load load, string folder)
    {
        _load = load;
        _batch = new SampleBatch(load).Bytes;
        _database = await TestDatabase.CreateAsync();
        _source = NpgsqlDataSource.Create(_database.ConnectionString);
        for (var i = 0; i < Connections; i++)
        {
            await _database.ExecuteAsync(
                $"""
                CREATE TABLE batches_{i} (log_id bigint NOT NULL, last_offset bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (log_id, last_offset))
                WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
                ALTER TABLE batches_{i} ALTER COLUMN bytes SET STORAGE EXTERNAL
                """);
        }
    }

    public async Task<Measurement> RunAsync()
    {
        // One loop per connection: what the partitions of a connection have in hand goes into one commit.
        var perCommit = Math.Max(1, _load.Partitions / Connections);
        var recordCount = new SampleBatch(_load).RecordCount;
        var connections = new NpgsqlConnection[Connections];
        for (var i = 0; i < Connections; i++)
        {
            connections[i] = await _source.OpenConnectionAsync();
        }

        var offsets = new long[Connections];
        try
        {
            return await ClosedLoop.RunAsync(_load with { Partitions = Connections }, perCommit * recordCount, perCommit * _batch.Length, async i =>
            {
                await using var writer = await connections[i].BeginBinaryImportAsync($"COPY batches_{i} FROM STDIN (FORMAT BINARY)");
                for (var partition = 0; partition < perCommit; partition++)
                {
                    await writer.StartRowAsync();
                    await writer.WriteAsync((long)partition, NpgsqlDbType.Bigint);
                    await writer.WriteAsync(offsets[i], NpgsqlDbType.Bigint);
                    await writer.WriteAsync(_batch, NpgsqlDbType.Bytea);
                }

                offsets[i]++;
                await writer.CompleteAsync();
            });
        }
        finally
        {
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _source.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}

/// <summary>The log on PostgreSQL.</summary>
internal sealed class PostgresStorageRung : StorageRung
{
    private TestDatabase? _database;
    private NpgsqlDataSource? _source;

    public override string Name => "Storage on PostgreSQL";

    protected override async Task<IPartitionLogStore> OpenStoreAsync(string folder)
    {
        _database = await TestDatabase.CreateAsync();
        _source = NpgsqlDataSource.Create(_database.ConnectionString);
        await new SchemaInstaller(_source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Logs, CancellationToken.None);
        return new PostgresPartitionLogStore(new PostgresLogStoreOptions(), _source, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_database is not null)
        {
            await _source!.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
