using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansStream.Storage.Contract;
using OrleansStream.Storage.Postgres.Catalog;
using OrleansStream.Storage.Postgres.Placement;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;

namespace OrleansStream.Storage.Postgres.Tests.Catalog;

/// <summary>A database of the test's own with the tables of a cluster.</summary>
internal sealed class ClusterDatabase : CatalogUnderTest
{
    private ClusterDatabase(TestDatabase database)
    {
        Database = database;
        Source = NpgsqlDataSource.Create(database.ConnectionString);
        Connections = new PostgresClusterDatabase(Source, NullLogger<PostgresClusterDatabase>.Instance);
    }

    /// <summary>The database itself, for looking behind the scenes.</summary>
    public TestDatabase Database { get; }

    public NpgsqlDataSource Source { get; private set; }

    public PostgresClusterDatabase Connections { get; private set; }

    public override ICatalog Catalog => new PostgresCatalog(Connections);

    public override IGroupStore Groups => new PostgresGroupStore(Connections);

    public override IPlacementStore Placement => new PostgresPlacementStore(Connections);

    public static async Task<ClusterDatabase> CreateAsync()
    {
        var database = new ClusterDatabase(await TestDatabase.CreateAsync());
        await new SchemaInstaller(database.Source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Cluster, default);
        return database;
    }

    public override async Task ReopenAsync()
    {
        await Connections.DisposeAsync();
        await Source.DisposeAsync();
        Source = NpgsqlDataSource.Create(Database.ConnectionString);
        Connections = new PostgresClusterDatabase(Source, NullLogger<PostgresClusterDatabase>.Instance);
    }

    public override async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        await Source.DisposeAsync();
        await Database.DisposeAsync();
    }
}
