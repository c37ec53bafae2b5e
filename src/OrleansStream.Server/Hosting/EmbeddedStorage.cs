using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Storage;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Sqlite;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// Everything durable of a silo that keeps it in a local folder. It is opened before any part of the host starts, so that a
/// folder which cannot be used ends the start with that one error, and closed after every part has stopped.
/// </summary>
internal sealed class EmbeddedStorage(IOptions<OrleansStreamServerOptions> options, TimeProvider time, ILoggerFactory loggers)
    : IHostedLifecycleService, IAsyncDisposable
{
    private DataFolder? _folder;
    private SqliteDatabase? _database;
    private FilePartitionLogStore? _logs;
    private ICatalog? _catalog;
    private IGroupStore? _groups;
    private IPlacementStore? _placement;

    public ICatalog Catalog => _catalog ?? throw NotOpen();

    public FilePartitionLogStore Logs => _logs ?? throw NotOpen();

    public IGroupStore Groups => _groups ?? throw NotOpen();

    public IPlacementStore Placement => _placement ?? throw NotOpen();

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        _folder = DataFolder.Open(options.Value.DataPath);
        try
        {
            _database = await SqliteDatabase.OpenAsync(_folder.CatalogPath);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }

        _logs = new FilePartitionLogStore(new FileLogStoreOptions { Root = _folder.LogsRoot }, time, loggers);
        _catalog = new SqliteCatalog(_database);
        _groups = new SqliteGroupStore(_database);
        _placement = new SqlitePlacementStore(_database);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _logs, null) is { } logs)
        {
            await logs.DisposeAsync();
        }

        if (Interlocked.Exchange(ref _database, null) is { } database)
        {
            await database.DisposeAsync();
        }

        // Last, because it is what keeps other processes out.
        Interlocked.Exchange(ref _folder, null)?.Dispose();
    }

    private static InvalidOperationException NotOpen() => new("The data folder is opened when the host starts; this was asked for before.");
}
