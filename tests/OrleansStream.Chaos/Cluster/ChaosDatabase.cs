using System.Globalization;
using Npgsql;

namespace OrleansStream.Chaos.Cluster;

/// <summary>
/// A PostgreSQL server and its synchronous standby on two ports that stay the same: after a failover the servers have changed places,
/// and whoever connects finds the primary by the connection string, which names both.
/// </summary>
internal sealed class ChaosDatabase : IAsyncDisposable
{
    private const string Name = "orleansstream";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, string> _settings;
    private int _freePort;

    private ChaosDatabase(PostgresServer primary, Dictionary<string, string> settings)
    {
        Primary = primary;
        _settings = settings;
    }

    public PostgresServer Primary { get; private set; }

    public PostgresServer? Standby { get; private set; }

    /// <summary>True while a fault has it in hand.</summary>
    public bool IsTaken { get; set; }

    /// <summary>What the silos are given.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>Starts both.</summary>
    /// <param name="address">The address by which silos reach it.</param>
    /// <param name="accessFile">PostgreSQL's <c>pg_hba.conf</c> for silos that come from other addresses; null for the default.</param>
    public static async Task<ChaosDatabase> StartAsync(string address, string? accessFile)
    {
        var settings = new Dictionary<string, string> { ["wal_retrieve_retry_interval"] = "100ms", ["wal_receiver_status_interval"] = "1s" };
        if (accessFile is not null)
        {
            settings["listen_addresses"] = $"127.0.0.1,{address}";
            settings["hba_file"] = accessFile;
        }

        var database = new ChaosDatabase(await PostgresServer.StartNewAsync(settings), settings);
        await database.Primary.CreateDatabaseAsync(Name);
        await database.AttachStandbyAsync();
        database.ConnectionString = database.Connect($"{address}:{database.Primary.Port},{address}:{database.Standby!.Port}");
        return database;
    }

    /// <summary>Whether everything that was committed is on the standby too.</summary>
    public async Task<bool> IsStandbyInStepAsync() =>
        Standby is not null && await ReadAsync("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'") == 1;

    /// <summary>Makes the standby the primary. The old primary has to be dead.</summary>
    public async Task PromoteStandbyAsync()
    {
        var (dead, risen) = (Primary, Standby!);
        await risen.PromoteAsync();
        Primary = risen;
        Standby = null;
        await SetSynchronousAsync("");
        await dead.DisposeAsync();
        _freePort = dead.Port;
    }

    /// <summary>Gives the primary a new standby, and makes commits wait for it.</summary>
    public async Task AttachStandbyAsync()
    {
        Standby = await PostgresServer.StartStandbyAsync(Primary, _settings, _freePort);
        await SetSynchronousAsync("*");
        for (var waited = TimeSpan.Zero; !await IsStandbyInStepAsync(); waited += s_poll)
        {
            if (waited > s_patience)
            {
                throw new TimeoutException($"The standby did not get in step with the primary: {Standby.Log}");
            }

            await Task.Delay(s_poll);
        }

        // A commit that waits for the standby: with it, everything before it is there.
        await Primary.ExecuteAsync("SELECT pg_logical_emit_message(true, 'chaos', 'in step')");
    }

    /// <summary>Ends some of the sessions.</summary>
    /// <param name="percent">The chance of each.</param>
    /// <returns>How many were ended.</returns>
    public async Task<int> TerminateSessionsAsync(int percent) => (int)await ReadAsync(string.Create(CultureInfo.InvariantCulture, $"""
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() * 100 < {percent}
        """));

    /// <summary>Brings back what is down.</summary>
    public async Task HealAsync()
    {
        if (!Primary.IsRunning)
        {
            await Primary.StartAsync();
        }

        if (Standby is null)
        {
            await SetSynchronousAsync("");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Primary.DisposeAsync();
        if (Standby is not null)
        {
            await Standby.DisposeAsync();
        }
    }

    private async Task SetSynchronousAsync(string names)
    {
        await Primary.ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{names}'");
        await Primary.ExecuteAsync("SELECT pg_reload_conf()");
    }

    private async Task<long> ReadAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Primary.ConnectionString(Name)) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private string Connect(string hosts) => new NpgsqlConnectionStringBuilder(Primary.ConnectionString(Name))
    {
        Host = hosts,
        TargetSessionAttributes = "primary",
        HostRecheckSeconds = 1,
        Timeout = 5,
    }.ConnectionString;
}
