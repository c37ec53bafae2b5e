using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansStream.Storage.Postgres.Schema;

namespace OrleansStream.Storage.Postgres;

/// <summary>
/// The log databases of a silo. One that is added to the settings while the silo runs is there at the next look; one that is taken
/// out stays usable for the partitions that have their logs in it until the silo stops. A database that cannot be reached stops its
/// own partitions only.
/// </summary>
public sealed partial class PostgresLogStores : ILogStores, IAsyncDisposable
{
    /// <summary>The name of the store in the cluster's own database.</summary>
    public const string ClusterStore = "postgres";

    private readonly IOptionsMonitor<PostgresStorageOptions> _options;
    private readonly NpgsqlDataSource _cluster;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, OpenStore> _open = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private PostgresStorageOptions _lastOptions;
    private bool _isDisposed;

    /// <summary>Makes the list. Nothing is connected before a store is used.</summary>
    /// <param name="options">The settings, looked at anew each time.</param>
    /// <param name="cluster">The cluster's database, whose schema is the caller's to install and which is the caller's to dispose.</param>
    /// <param name="time">The clock of segments and retention.</param>
    /// <param name="loggers">Where the stores log.</param>
    public PostgresLogStores(IOptionsMonitor<PostgresStorageOptions> options, NpgsqlDataSource cluster, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _cluster = cluster;
        _time = time;
        _loggers = loggers;
        _logger = loggers.CreateLogger<PostgresLogStores>();
        _lastOptions = options.CurrentValue;
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPartitionLogStore> All
    {
        get
        {
            foreach (var name in Settings.Logs.Keys.Append(ClusterStore))
            {
                TryFind(name, out _);
            }

            return [.. _open.Values.Select(open => open.Store)];
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ForNewPartitions
    {
        get
        {
            string[] names = [.. Settings.Logs.Where(entry => entry.Value.AcceptsNewPartitions).Select(entry => entry.Key).Order(StringComparer.Ordinal)];
            return names.Length > 0 ? names : [ClusterStore];
        }
    }

    /// <summary>The settings; the last good ones while the present ones are refused.</summary>
    private PostgresStorageOptions Settings
    {
        get
        {
            try
            {
                _lastOptions = _options.CurrentValue;
            }
            catch (OptionsValidationException refusal)
            {
                SettingsRefused(refusal.Message);
            }

            return _lastOptions;
        }
    }

    /// <inheritdoc/>
    public bool TryFind(string name, [NotNullWhen(true)] out IPartitionLogStore? store)
    {
        if (!_open.TryGetValue(name, out var open))
        {
            var isKnown = Settings.Logs.TryGetValue(name, out var settings);
            if (isKnown || name == ClusterStore)
            {
                lock (_gate)
                {
                    ObjectDisposedException.ThrowIf(_isDisposed, this);
                    open = _open.GetOrAdd(name, _ => Open(name, settings?.ConnectionString));
                }
            }
        }

        store = open?.Store;
        return store is not null;
    }

    /// <summary>Closes every store, then the connections that are its own. Again does nothing: a container does it once for each registration.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        await Task.WhenAll(_open.Values.Select(async open =>
        {
            await open.Store.DisposeAsync().ConfigureAwait(false);
            if (open.Database is not null)
            {
                await open.Database.DisposeAsync().ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
    }

    private OpenStore Open(string name, string? connectionString)
    {
        var options = new PostgresLogStoreOptions { Name = name };
        if (string.IsNullOrEmpty(connectionString))
        {
            return new OpenStore(new PostgresPartitionLogStore(options, _cluster, _time, _loggers), null);
        }

        var database = PostgresDataSource.Create(connectionString);
        var installer = new SchemaInstaller(database, _loggers.CreateLogger<SchemaInstaller>());
        LogDatabaseAdded(name, PostgresDataSource.Describe(connectionString));
        return new OpenStore(
            new PostgresPartitionLogStore(options, database, _time, _loggers, cancellationToken => installer.InstallAsync(SchemaFamily.Logs, cancellationToken)),
            database);
    }

    [LoggerMessage(LogEvents.LogDatabaseAdded, LogLevel.Information, "The log store '{Store}' is the database {Database}")]
    private partial void LogDatabaseAdded(string store, string database);

    [LoggerMessage(LogEvents.SettingsRefused, LogLevel.Error, "The changed settings are refused and the last good ones hold: {Reason}")]
    private partial void SettingsRefused(string reason);

    private sealed record OpenStore(PostgresPartitionLogStore Store, NpgsqlDataSource? Database);
}
