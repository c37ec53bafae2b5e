namespace OrleansStream.Client.Postgres;

/// <summary>Points a client at the cluster's database.</summary>
public static class PostgresClientExtensions
{
    /// <summary>Finds the silos in the cluster's database; <see cref="OrleansStreamClientOptions.Servers"/> may stay empty.</summary>
    /// <param name="options">The client's options.</param>
    /// <param name="connectionString">Npgsql's connection string of a role that may read the view <c>orleansstream.silos</c>.</param>
    /// <returns><paramref name="options"/>.</returns>
    /// <exception cref="ArgumentException">It is not a connection string.</exception>
    public static OrleansStreamClientOptions UsePostgres(this OrleansStreamClientOptions options, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ServerDirectory = new PostgresServerDirectory(connectionString);
        return options;
    }
}
