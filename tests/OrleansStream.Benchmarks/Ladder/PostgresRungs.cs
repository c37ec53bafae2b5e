using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;
using OrleansStream.Storage;
using OrleansStream.Storage.Postgres;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>Tables of batches without anything of ours: a connection, and a loop of its own, for each of some writers.</summary>
internal abstract class BareTableRung : IRung
{
    private TestDatabase? _database;
    private NpgsqlDataSource _source = null!;

    public abstract string Name { get; }

    protected byte[] Batch { get; private set; } = [];

    protected Load Load { get; private set; } = null!;

    protected abstract int Writers { get; }

    /// <summary>How many batches a writer puts into one commit.</summary>
    protected abstract int BatchesPerCommit { get; }

    public async Task StartAsync(Load load, string folder)
    {
        Load = load;
        Batch = new SampleBatch(load).Bytes;
        _database = await TestDatabase.CreateAsync();
        _source = NpgsqlDataSource.Create(_database.ConnectionString);
        await _database.ExecuteAsync(Tables());
    }

    public async Task<Measurement> RunAsync()
    {
        var recordCount = new SampleBatch(Load).RecordCount;
        var connections = new NpgsqlConnection[Writers];
        for (var i = 0; i < connections.Length; i++)
        {
            connections[i] = await _source.OpenConnectionAsync();
        }

        var offsets = new long[Writers];
        try
        {
            return await ClosedLoop.RunAsync(
                Load with { Partitions = Writers },
                BatchesPerCommit * recordCount,
                BatchesPerCommit * Batch.Length,
                writer => CommitAsync(connections[writer], writer, offsets[writer]++));
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

    /// <summary>The statements that make the tables.</summary>
    protected abstract string Tables();

    protected abstract Task CommitAsync(NpgsqlConnection connection, int writer, long offset);
}

/// <summary>
/// The floor on PostgreSQL: as many connections as the store has writers, a table for each, and per commit one binary COPY of a
/// batch for each of its partitions. No offsets, no fence, no index but the same primary key.
/// </summary>
internal sealed class BareCopyRung : BareTableRung
{
    public override string Name => "bare COPY";

    protected override int Writers { get; } = new PostgresLogStoreOptions().Writers;

    protected override int BatchesPerCommit => Math.Max(1, Load.Partitions / Writers);

    protected override string Tables() => string.Join(";\n", Enumerable.Range(0, Writers).Select(writer =>
        $"""
        CREATE TABLE batches_{writer} (log_id bigint NOT NULL, last_offset bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (log_id, last_offset))
        WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
        ALTER TABLE batches_{writer} ALTER COLUMN bytes SET STORAGE EXTERNAL
        """));

    protected override async Task CommitAsync(NpgsqlConnection connection, int writer, long offset)
    {
        await using var import = await connection.BeginBinaryImportAsync($"COPY batches_{writer} FROM STDIN (FORMAT BINARY)");
        for (var partition = 0L; partition < BatchesPerCommit; partition++)
        {
            await import.StartRowAsync();
            await import.WriteAsync(partition, NpgsqlDbType.Bigint);
            await import.WriteAsync(offset, NpgsqlDbType.Bigint);
            await import.WriteAsync(Batch, NpgsqlDbType.Bytea);
        }

        await import.CompleteAsync();
    }
}

/// <summary>What people write who need a log and have PostgreSQL: one plain table, and a prepared INSERT with a commit for each batch, partitions side by side.</summary>
internal sealed class PlainInsertRung : BareTableRung
{
    public override string Name => "plain INSERT per batch";

    protected override int Writers => Load.Partitions;

    protected override int BatchesPerCommit => 1;

    protected override string Tables() =>
        "CREATE TABLE batches (log_id bigint NOT NULL, last_offset bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (log_id, last_offset))";

    protected override async Task CommitAsync(NpgsqlConnection connection, int writer, long offset)
    {
        await using var insert = new NpgsqlCommand("INSERT INTO batches (log_id, last_offset, bytes) VALUES ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = (long)writer }, new() { Value = offset }, new() { Value = Batch } },
        };

        // Prepared once on this connection, and found again.
        await insert.PrepareAsync();
        await insert.ExecuteNonQueryAsync();
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
