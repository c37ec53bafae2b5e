using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>A database of the test's own with the tables of the logs, made at the first use.</summary>
internal sealed class LogDatabase : IAsyncDisposable
{
    private TestDatabase? _database;
    private NpgsqlDataSource? _source;

    /// <summary>The database itself, for looking behind the scenes.</summary>
    public TestDatabase Database => _database!;

    public NpgsqlDataSource Source => _source!;

    /// <summary>One more store over the same data, as another silo would open it.</summary>
    public async Task<IPartitionLogStore> OpenStoreAsync(TimeProvider time) => await OpenStoreAsync(new PostgresLogStoreOptions(), time);

    public async Task<PostgresPartitionLogStore> OpenStoreAsync(PostgresLogStoreOptions options, TimeProvider time)
    {
        if (_database is null)
        {
            _database = await TestDatabase.CreateAsync();
            _source = NpgsqlDataSource.Create(_database.ConnectionString);
            await new SchemaInstaller(Source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Logs, CancellationToken.None);
        }

        return new PostgresPartitionLogStore(options, Source, time, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
