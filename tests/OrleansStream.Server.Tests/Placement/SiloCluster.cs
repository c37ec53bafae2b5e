using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansStream.Client;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;
using OrleansStream.Storage.Sqlite;

namespace OrleansStream.Server.Tests.Placement;

/// <summary>
/// Several silos in this process that reach each other, and are reached, over TCP. They share a store, as silos of a cluster do.
/// The first one keeps the membership, so it stays.
/// </summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansstream-cluster-");
    private readonly List<TestSilo> _silos = [];
    private SqliteDatabase _database = null!;
    private FilePartitionLogStore _logs = null!;
    private IPartitionLogStore _served = null!;
    private IPEndPoint? _primary;

    public IReadOnlyList<TestSilo> Silos => _silos;

    public IPlacementStore Placement { get; private set; } = null!;

    public IPartitionLogStore Logs => _logs;

    /// <summary>What the silos had to say, for a test that fails.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    public OrleansStreamClient Client { get; private set; } = null!;

    /// <param name="silos">How many silos to begin with.</param>
    /// <param name="clientKnows">The client is given the addresses of so many of them; the others it has to find.</param>
    /// <param name="wrap">Puts something between the silos and their logs.</param>
    public static async Task<SiloCluster> StartAsync(int silos, int clientKnows = 1, Func<IPartitionLogStore, IPartitionLogStore>? wrap = null)
    {
        var cluster = new SiloCluster();
        try
        {
            cluster._database = await SqliteDatabase.OpenAsync(Path.Combine(cluster._folder.FullName, "catalog.db"));
            cluster.Placement = new SqlitePlacementStore(cluster._database);
            cluster._logs = new FilePartitionLogStore(
                new FileLogStoreOptions { Root = Path.Combine(cluster._folder.FullName, "logs") }, TimeProvider.System, LoggerFactory.Create(_ => { }));
            cluster._served = wrap?.Invoke(cluster._logs) ?? cluster._logs;
            for (var started = 0; started < silos; started++)
            {
                await cluster.AddSiloAsync();
            }

            cluster.Client = await OrleansStreamClient.ConnectAsync(string.Join(',', cluster._silos.Take(clientKnows).Select(silo => silo.Gateway)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another silo; it is active when this completes.</summary>
    public async Task<TestSilo> AddSiloAsync()
    {
        var (siloPort, gatewayPort) = FindFreePorts();
        var endpoint = new IPEndPoint(IPAddress.Loopback, siloPort);
        _primary ??= endpoint;
        var name = $"silo-{_silos.Count + 1}";
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("OrleansStream.Server.Placement", LogLevel.Information).AddProvider(new LogOf(name, Log));
        builder.Services.AddSingleton<ICatalog>(new SqliteCatalog(_database));
        builder.Services.AddSingleton<IGroupStore>(new SqliteGroupStore(_database));
        builder.Services.AddSingleton(Placement);
        builder.Services.AddSingleton(_served);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort, _primary, "orleansstream", "orleansstream");
            silo.Configure<SiloOptions>(options => options.SiloName = name);
            silo.AddOrleansStream();
        });
        var host = builder.Build();
        await host.StartAsync();
        var started = new TestSilo(name, endpoint.ToString(), $"127.0.0.1:{gatewayPort}", host);
        _silos.Add(started);
        return started;
    }

    private static (int Silo, int Gateway) FindFreePorts()
    {
        using var silo = new TcpListener(IPAddress.Loopback, 0);
        using var gateway = new TcpListener(IPAddress.Loopback, 0);
        silo.Start();
        gateway.Start();
        return (((IPEndPoint)silo.LocalEndpoint).Port, ((IPEndPoint)gateway.LocalEndpoint).Port);
    }

    /// <summary>Stops a silo as a SIGTERM would.</summary>
    public async Task StopAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        await silo.Host.StopAsync();
        await ((IAsyncDisposable)silo.Host).DisposeAsync();
    }

    /// <summary>How many partitions of a topic each silo has open.</summary>
    public int[] CountOpen(Guid topicId) => [.. _silos.Select(silo => silo.Table.All().Count(partition => partition.Id.TopicId == topicId))];

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        foreach (var silo in _silos.AsEnumerable().Reverse().ToList())
        {
            await StopAsync(silo);
        }

        await _logs.DisposeAsync();
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>Collects what one silo logs.</summary>
internal sealed class LogOf(string silo, ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        lines.Enqueue($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {silo} {logLevel}: {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}");

    public void Dispose()
    {
    }
}

/// <summary>One silo of a <see cref="SiloCluster"/>.</summary>
internal sealed record TestSilo(string Name, string Address, string Gateway, IHost Host)
{
    public PartitionTable Table => Host.Services.GetRequiredService<PartitionTable>();

    public T Get<T>()
        where T : notnull => Host.Services.GetRequiredService<T>();
}
