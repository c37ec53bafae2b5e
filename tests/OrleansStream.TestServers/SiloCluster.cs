namespace OrleansStream.TestServers;

/// <summary>
/// Silos of one cluster, each a process of the real host that serves Kafka clients too, on a given database or one of their own of the
/// <see cref="PostgresServer.Shared"/> server. Not safe for concurrent use.
/// </summary>
public sealed class SiloCluster : IAsyncDisposable
{
    private readonly List<SiloProcess> _silos = [];
    private readonly TestDatabase? _own;
    private readonly string _connectionString;
    private readonly string[] _arguments;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansstream-cluster-");

    private SiloCluster(TestDatabase? own, string connectionString, string[] arguments)
    {
        _own = own;
        _connectionString = connectionString;
        _arguments = arguments;
    }

    /// <summary>All that were started, in this order, whether they still run or not.</summary>
    public IReadOnlyList<SiloProcess> Silos => _silos;

    /// <summary>Starts silos at the same time; ready on return.</summary>
    /// <param name="count">How many.</param>
    /// <param name="arguments">What the host is told beside places and the database.</param>
    public static async Task<SiloCluster> StartAsync(int count, params string[] arguments)
    {
        var database = await TestDatabase.CreateAsync();
        return await StartAsync(new SiloCluster(database, database.ConnectionString, arguments), count);
    }

    /// <summary>Starts silos on a database, which stays the caller's.</summary>
    /// <inheritdoc cref="StartAsync(int, string[])"/>
    public static Task<SiloCluster> StartOnAsync(string connectionString, int count, params string[] arguments) =>
        StartAsync(new SiloCluster(own: null, connectionString, arguments), count);

    private static async Task<SiloCluster> StartAsync(SiloCluster cluster, int count)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(0, count).Select(_ => cluster.AddAsync()));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more; ready on return.</summary>
    public async Task<SiloProcess> AddAsync()
    {
        var place = SiloPlace.OnLoopback($"silo-{_silos.Count + 1}", servesKafka: true);
        string[] arguments = [.. place.Arguments, "--name", place.Name, "--postgres", _connectionString, .. _arguments];
        var silo = new SiloProcess(place, HostProgram.Path, arguments, Path.Combine(_folder.FullName, $"{place.Name}.log"))
        {
            ErrorPath = Path.Combine(_folder.FullName, $"{place.Name}.errors"),
        };
        _silos.Add(silo);
        await silo.LaunchAsync();
        return await silo.WaitReadyAsync(CancellationToken.None)
            ? silo
            : throw new InvalidOperationException($"{place.Name} did not become ready: {await File.ReadAllTextAsync(silo.LogPath)}{await File.ReadAllTextAsync(silo.ErrorPath)}");
    }

    /// <summary>Kills what still runs, and drops the database if it is its own.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_silos.Select(silo => silo.DisposeAsync().AsTask()));
        if (_own is not null)
        {
            await _own.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
