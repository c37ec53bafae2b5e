using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrleansStream.Storage.Postgres.Catalog;
using OrleansStream.Storage.Postgres.Placement;
using OrleansStream.Storage.Postgres.Schema;

namespace OrleansStream.Storage.Postgres;

/// <summary>Puts storage on PostgreSQL into a host.</summary>
public static class PostgresStorageExtensions
{
    /// <summary>
    /// Registers catalog, groups, placement and logs on the database that <see cref="PostgresStorageOptions"/> names. Its schema is brought
    /// up to date before any part of the host starts; when that fails, so does the start.
    /// </summary>
    public static IServiceCollection AddPostgresStorage(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<PostgresStorageOptions>();
        services.AddSingleton(provider => PostgresDataSource.Create(provider.GetRequiredService<IOptions<PostgresStorageOptions>>().Value.ConnectionString));
        services.AddSingleton<PostgresClusterDatabase>();
        services.AddSingleton<SchemaInstaller>();
        services.AddHostedService<SchemaStart>();
        services.AddSingleton<ICatalog, PostgresCatalog>();
        services.AddSingleton<IGroupStore, PostgresGroupStore>();
        services.AddSingleton<IPlacementStore, PostgresPlacementStore>();
        services.AddSingleton<PostgresLogStores>();
        services.AddSingleton<ILogStores>(provider => provider.GetRequiredService<PostgresLogStores>());
        return services;
    }
}
