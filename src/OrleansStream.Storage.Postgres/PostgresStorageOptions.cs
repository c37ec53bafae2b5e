namespace OrleansStream.Storage.Postgres;

/// <summary>Where a cluster keeps what is durable.</summary>
public sealed class PostgresStorageOptions
{
    /// <summary>
    /// Npgsql's connection string of the cluster's database. Keys it does not set get defaults that suit a silo: at most 30
    /// connections, and seconds where the driver waits for half minutes.
    /// </summary>
    public string ConnectionString { get; set; } = "";
}
