using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OrleansStream.TestServers;

/// <summary>
/// A PostgreSQL server of its own: a new cluster in a temporary folder, on a free port of 127.0.0.1, with fsync on, since
/// durability is what is tested. It can be stopped, killed and started again on the same port and data. Disposing stops it
/// and deletes its folder; so does the end of this process, however it comes. Not safe for concurrent use, except for
/// <see cref="CreateDatabaseAsync"/> and <see cref="ConnectionString"/>.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly Lock s_lock = new();

    private static Task<PostgresServer>? s_shared;

    private readonly string _folder;
    private readonly List<string> _settings;
    private PostgresProcess? _process;

    private PostgresServer(string folder, int port, IReadOnlyDictionary<string, string> settings)
    {
        _folder = folder;
        Port = port;
        _settings =
        [
            "-D", DataFolder,
            "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=",
            "-c", string.Create(CultureInfo.InvariantCulture, $"port={port}"),
            "-c", "max_connections=200",
            .. settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"]),
        ];
    }

    /// <summary>The server that all tests of this process share; it lives until the process ends.</summary>
    public static Task<PostgresServer> Shared
    {
        get
        {
            lock (s_lock)
            {
                return s_shared ??= StartNewAsync();
            }
        }
    }

    /// <summary>The port of 127.0.0.1, the same for the server's whole life.</summary>
    public int Port { get; }

    /// <summary>PostgreSQL's data directory.</summary>
    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>Whether the server was started and not stopped or killed since.</summary>
    public bool IsRunning => _process is not null;

    /// <summary>The last lines of the server's log.</summary>
    public string Log => _process?.Log ?? "";

    /// <summary>The id of the running server's first process (the postmaster).</summary>
    public int ProcessId => int.Parse(File.ReadLines(Path.Combine(DataFolder, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>Makes a new cluster and starts it; ready for connections on return.</summary>
    /// <param name="settings">Settings of <c>postgresql.conf</c>, for instance <c>max_wal_size</c>.</param>
    /// <param name="port">The port; 0 for a free one.</param>
    public static async Task<PostgresServer> StartNewAsync(IReadOnlyDictionary<string, string>? settings = null, int port = 0)
    {
        var folder = await CreateFolderAsync();
        try
        {
            // Only the empty cluster is written without fsync; what a test writes into it is not.
            await PostgresPrograms.RunAsync(
                PostgresPrograms.Path("initdb"),
                "--auth=trust", "-E", "UTF8", "--locale=C", "-U", "postgres", "--no-sync", "-D", Path.Combine(folder, "data"));
            var server = new PostgresServer(folder, port > 0 ? port : LocalPort.FindFree(), settings ?? new Dictionary<string, string>());
            await server.StartAsync();
            return server;
        }
        catch
        {
            await PostgresPrograms.RunAsync("rm", "-rf", folder);
            throw;
        }
    }

    /// <summary>
    /// Copies a running server and starts the copy as its standby: it follows by streaming, answers queries that only read, and can
    /// be promoted. Whether commits wait for it is decided by the primary's <c>synchronous_standby_names</c>.
    /// </summary>
    /// <param name="primary">The server to follow.</param>
    /// <param name="settings">As for <see cref="StartNewAsync"/>.</param>
    /// <param name="port">The port; 0 for a free one.</param>
    public static async Task<PostgresServer> StartStandbyAsync(PostgresServer primary, IReadOnlyDictionary<string, string>? settings = null, int port = 0)
    {
        var folder = await CreateFolderAsync();
        try
        {
            await PostgresPrograms.RunAsync(
                PostgresPrograms.Path("pg_basebackup"),
                "-h", "127.0.0.1", "-p", string.Create(CultureInfo.InvariantCulture, $"{primary.Port}"), "-U", "postgres",
                "-D", Path.Combine(folder, "data"), "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync");
            var server = new PostgresServer(folder, port > 0 ? port : LocalPort.FindFree(), settings ?? new Dictionary<string, string>());
            await server.StartAsync();
            return server;
        }
        catch
        {
            await PostgresPrograms.RunAsync("rm", "-rf", folder);
            throw;
        }
    }

    /// <summary>Makes a standby the primary; it takes writes on return.</summary>
    public Task PromoteAsync() => ExecuteAsync("SELECT pg_promote(true, 60)");

    /// <summary>Starts a server that was stopped or killed, on the same port and data; ready for connections on return.</summary>
    public async Task StartAsync()
    {
        Debug.Assert(_process is null, "The server runs.");
        using var timeout = new CancellationTokenSource(s_patience);
        while (true)
        {
            var process = PostgresProcess.Start(_folder, _settings);
            if (await process.IsReadyAsync(timeout.Token))
            {
                _process = process;
                return;
            }

            var log = process.Log;
            await process.EndAsync("kill");
            // The sessions of a killed server live on for a moment and keep its shared memory; a new one refuses to start beside them.
            if (!log.Contains("is still in use", StringComparison.Ordinal) || timeout.IsCancellationRequested)
            {
                throw new InvalidOperationException($"PostgreSQL did not start in {DataFolder} on port {Port}: {log}");
            }
        }
    }

    /// <summary>Stops the server as an administrator does: sessions are ended, everything is written out.</summary>
    public Task StopAsync() => EndAsync("stop");

    /// <summary>Kills the server's first process with signal 9; the rest follows by itself.</summary>
    public Task KillAsync() => EndAsync("kill");

    /// <summary>Stops every process of the server where it is: connections stay, and nothing is answered.</summary>
    public void Freeze() => Signal(Signals.Stop);

    /// <summary>Lets a frozen server go on.</summary>
    public void Thaw() => Signal(Signals.Continue);

    /// <summary>The ids of the running server's processes, the first one and the sessions.</summary>
    public IReadOnlyList<int> ProcessIds()
    {
        var first = ProcessId;
        var all = new List<int> { first };
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ParentOf(id) == first)
            {
                all.Add(id);
            }
        }

        return all;
    }

    /// <summary>Stops and starts.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Makes an empty database.</summary>
    /// <param name="name">Its name, made of letters, digits and underscores.</param>
    /// <param name="template">A database without sessions that it becomes a copy of; null for an empty one.</param>
    /// <returns>Its <see cref="ConnectionString"/>.</returns>
    public async Task<string> CreateDatabaseAsync(string name, string? template = null)
    {
        await ExecuteAsync($"CREATE DATABASE \"{name}\" TEMPLATE \"{template ?? "template0"}\"");
        return ConnectionString(name);
    }

    /// <summary>Drops a database, ending the sessions in it; nothing happens when there is none of that name.</summary>
    public Task DropDatabaseAsync(string name) => ExecuteAsync($"DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");

    /// <summary>How to connect to a database, as the superuser unless told otherwise.</summary>
    public string ConnectionString(string database = "postgres", string user = "postgres") => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = user,
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
        IncludeErrorDetail = true,
    }.ConnectionString;

    /// <summary>Runs one statement on a connection of its own, as the superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        // A pooled connection to this database would be in the way of nobody, but would be stale after a restart.
        var connectionString = new NpgsqlConnectionStringBuilder(ConnectionString()) { Pooling = false }.ConnectionString;
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)s_patience.TotalSeconds };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads the first column of every row, on a connection of its own, as the superuser.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString()) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync())
        {
            values.Add(await reader.GetFieldValueAsync<T>(0));
        }

        return values;
    }

    /// <summary>Stops at once and deletes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Thaw();
            await EndAsync("immediate");
        }

        await PostgresPrograms.RunAsync("rm", "-rf", _folder);
    }

    private void Signal(int signal)
    {
        foreach (var process in ProcessIds())
        {
            Signals.Send(process, signal);
        }
    }

    private static int ParentOf(int process)
    {
        try
        {
            // The name, in parentheses, may hold anything; the parent is the second field behind it.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private async Task EndAsync(string how)
    {
        var process = _process ?? throw new InvalidOperationException("The server does not run.");
        _process = null;
        await process.EndAsync(how);
    }

    private static async Task<string> CreateFolderAsync() =>
        (await PostgresPrograms.RunAsync("mktemp", "-d", Path.Combine(Path.GetTempPath(), "orleansstream-postgres-XXXXXX"))).Trim();
}
