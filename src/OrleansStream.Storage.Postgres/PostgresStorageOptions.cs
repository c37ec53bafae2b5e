namespace OrleansStream.Storage.Postgres;

/// <summary>Where a cluster keeps what is durable.</summary>
public sealed class PostgresStorageOptions
{
    /// <summary>
    /// Npgsql's connection string of the cluster's database. Keys it does not set get defaults that suit a silo: at most 30
    /// connections, and seconds where the driver waits for half minutes. <c>Command Timeout</c> has no effect: statements have limits of their own.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// The log databases by name, for clusters whose logs outgrow one server. The partitions of new topics take them in turns; a
    /// partition's log stays where it is. The name <see cref="PostgresLogStores.ClusterStore"/> is the cluster's own database, which
    /// takes logs when the list is empty, or names it. Changes take effect while the silo runs.
    /// </summary>
    public IDictionary<string, PostgresLogDatabaseOptions> Logs { get; } = new Dictionary<string, PostgresLogDatabaseOptions>(StringComparer.Ordinal);
}

/// <summary>A database that holds logs.</summary>
public sealed class PostgresLogDatabaseOptions
{
    /// <summary>Npgsql's connection string; empty for the cluster's own database.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>False to put no new partitions there; those that are there stay. True.</summary>
    public bool AcceptsNewPartitions { get; set; } = true;
}
