using OrleansStream.Storage.Contract;

namespace OrleansStream.Storage.Postgres.Tests.Catalog;

public class PostgresCatalogTests : CatalogContract
{
    protected override async Task<CatalogUnderTest> CreateAsync() => await ClusterDatabase.CreateAsync();
}

public class PostgresGroupStoreTests : GroupStoreContract
{
    protected override async Task<CatalogUnderTest> CreateAsync() => await ClusterDatabase.CreateAsync();
}

public class PostgresPlacementStoreTests : PlacementStoreContract
{
    protected override async Task<CatalogUnderTest> CreateAsync() => await ClusterDatabase.CreateAsync();
}
