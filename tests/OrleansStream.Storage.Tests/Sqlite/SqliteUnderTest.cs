using OrleansStream.Storage.Contract;
using OrleansStream.Storage.Sqlite;

namespace OrleansStream.Storage.Tests.Sqlite;

/// <summary>A database in a folder of its own.</summary>
internal sealed class SqliteUnderTest : CatalogUnderTest
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansstream-sqlite-");
    private SqliteDatabase _database = null!;
    private SqliteCatalog _catalog = null!;
    private SqliteGroupStore _groups = null!;
    private SqlitePlacementStore _placement = null!;

    public string Path => System.IO.Path.Combine(_folder.FullName, "catalog.db");

    public SqliteDatabase Database => _database;

    public override ICatalog Catalog => _catalog;

    public override IGroupStore Groups => _groups;

    public override IPlacementStore Placement => _placement;

    public static async Task<SqliteUnderTest> CreateAsync()
    {
        var store = new SqliteUnderTest();
        await store.OpenAsync();
        return store;
    }

    public override async Task ReopenAsync()
    {
        await _database.DisposeAsync();
        await OpenAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task OpenAsync()
    {
        _database = await SqliteDatabase.OpenAsync(Path);
        _catalog = new SqliteCatalog(_database);
        _groups = new SqliteGroupStore(_database);
        _placement = new SqlitePlacementStore(_database);
    }
}

public sealed class SqliteCatalogTests : CatalogContract
{
    protected override async Task<CatalogUnderTest> CreateAsync() => await SqliteUnderTest.CreateAsync();
}

public sealed class SqliteGroupStoreTests : GroupStoreContract
{
    protected override async Task<CatalogUnderTest> CreateAsync() => await SqliteUnderTest.CreateAsync();
}

public sealed class SqlitePlacementStoreTests : PlacementStoreContract
{
    protected override async Task<CatalogUnderTest> CreateAsync() => await SqliteUnderTest.CreateAsync();
}
