using Npgsql;

namespace OrleansStream.Storage.Postgres;

/// <summary>Makes the one data source of a silo, and so the one pool of connections that everything in it shares.</summary>
public static class PostgresDataSource
{
    /// <summary>Three silos fit into the 100 connections that PostgreSQL accepts by default.</summary>
    private const int MaxPoolSize = 30;

    private const int ConnectSeconds = 5;

    /// <summary>Reads a connection string and adds what a silo wants of every connection; nothing is connected yet.</summary>
    /// <exception cref="ArgumentException">It is not a connection string, or it names no host; the message says what is wrong, without its secrets.</exception>
    public static NpgsqlDataSource Create(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(Complete(connectionString).ConnectionString) { Name = "orleansstream" };
        return builder.Build();
    }

    /// <summary>Host, port and database, fit to be shown: no user, no password.</summary>
    public static string Describe(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
    }

    internal static NpgsqlConnectionStringBuilder Complete(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException or KeyNotFoundException or InvalidCastException)
        {
            throw new ArgumentException($"it is not a connection string like 'Host=db1;Database=streams;Username=app;Password=...': {FirstLine(e.Message)}", e);
        }

        if (string.IsNullOrWhiteSpace(settings.Host))
        {
            throw new ArgumentException("it names no server: add Host=..., as in 'Host=db1;Database=streams;Username=app;Password=...'.");
        }

        // Orleans' providers name their table of statements without a schema.
        settings.SearchPath = PostgresNames.Schema;
        SetUnlessGiven(settings, "Maximum Pool Size", MaxPoolSize);
        SetUnlessGiven(settings, "Timeout", ConnectSeconds);

        // Every statement has a limit of its own. The driver's, coming while a connection is already being given up, would wait on a
        // thread of the pool for a database that hangs.
        settings.CommandTimeout = StatementLimit.None;

        // A statement that takes too long loses its connection. Cancelling it instead could end the wait for a standby, and the
        // server would then answer that all is well.
        SetUnlessGiven(settings, "Cancellation Timeout", -1);
        SetUnlessGiven(settings, "Application Name", "orleansstream");
        if (settings.Host.Contains(','))
        {
            // After a failover the silos must find the server that takes writes.
            SetUnlessGiven(settings, "Target Session Attributes", "primary");
        }

        return settings;
    }

    private static void SetUnlessGiven(NpgsqlConnectionStringBuilder settings, string key, object value)
    {
        if (!settings.ShouldSerialize(key))
        {
            settings[key] = value;
        }
    }

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('\r');
}
