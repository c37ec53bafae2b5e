using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace OrleansStream.Chaos.Cluster;

/// <summary>The silos of a run and what they stand on. Faults change it at the same time, each what it has taken for itself.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const string ClockLibraryName = "libfaketime.so.1";
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_afterlife = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(500);
    private static readonly string[] s_libraryFolders = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];

    private readonly Lock _lock = new();
    private readonly List<SiloProcess> _silos = [];
    private readonly string _folder;
    private readonly string _program;
    private string? _accessFile;
    private int _count;

    private ChaosCluster(string folder, string program)
    {
        _folder = folder;
        _program = program;
    }

    /// <summary>The silos that there are at the moment, running or not.</summary>
    public IReadOnlyList<SiloProcess> Silos
    {
        get
        {
            lock (_lock)
            {
                return [.. _silos];
            }
        }
    }

    public ChaosDatabase? Database { get; private set; }

    /// <summary>The database that keeps every second partition's log; there when <see cref="Database"/> is.</summary>
    public ChaosLogDatabase? LogDatabase { get; private set; }

    public NetworkLab? Network { get; private set; }

    /// <summary>Why there is no <see cref="Network"/>.</summary>
    public string? NetworkObstacle { get; private set; }

    /// <summary>The library that moves a process's clock; null when it is not installed.</summary>
    public string? ClockLibrary { get; } = s_libraryFolders.Select(folder => Path.Combine(folder, ClockLibraryName)).FirstOrDefault(File.Exists);

    /// <summary>The gateways, as clients are given them.</summary>
    public string Servers => string.Join(',', Silos.Select(silo => silo.Gateway));

    /// <summary>Starts the database, if there is to be one, and the silos; ready on return.</summary>
    /// <param name="options">How many, and on what.</param>
    /// <param name="folder">Takes logs and, with files, data.</param>
    /// <param name="program">The host.</param>
    public static async Task<ChaosCluster> StartAsync(ChaosOptions options, string folder, string program)
    {
        var cluster = new ChaosCluster(folder, program);
        try
        {
            await cluster.PrepareAsync(options);
            for (var i = 0; i < options.Silos; i++)
            {
                await (await cluster.AddSiloAsync()).LaunchAsync();
            }

            foreach (var silo in cluster.Silos)
            {
                if (!await silo.WaitReadyAsync(CancellationToken.None))
                {
                    throw new InvalidOperationException($"{silo.Name} did not become ready; its log is in {folder}.");
                }
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a running silo that nobody has taken.</summary>
    /// <param name="target">Chooses among them.</param>
    /// <param name="silo">The one taken; whoever has it sets <see cref="SiloProcess.IsTaken"/> back.</param>
    public bool TryTake(int target, [NotNullWhen(true)] out SiloProcess? silo)
    {
        lock (_lock)
        {
            var free = _silos.Where(s => s is { IsRunning: true, IsTaken: false }).ToArray();
            silo = free.Length == 0 ? null : free[target % free.Length];
            if (silo is not null)
            {
                silo.IsTaken = true;
            }

            return silo is not null;
        }
    }

    /// <summary>Makes one more silo, which the caller starts.</summary>
    public async Task<SiloProcess> AddSiloAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"silo-{Interlocked.Increment(ref _count)}");
        var (address, prefix) = Network is null ? (IPAddress.Loopback.ToString(), []) : await Network.AddAsync(name);
        var place = Network is null ? SiloPlace.OnLoopback(name) : new SiloPlace(name, address, 11111, 30000, 8080);
        string[] arguments =
        [
            .. place.Arguments,
            .. Database is null ? (string[])["--data", Path.Combine(_folder, "data", name)] : ["--postgres", Database.ConnectionString],
            .. LogDatabase is null ? [] : LogDatabaseCluster.ArgumentsFor(LogDatabase.ConnectionString),
        ];

        IReadOnlyList<string> clock = ClockLibrary is null ? [] :
        [
            "env", $"LD_PRELOAD={ClockLibrary}", $"FAKETIME_TIMESTAMP_FILE={ClockFile(name)}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_CACHE_DURATION=1",
        ];
        var silo = new SiloProcess(place, _program, arguments, Path.Combine(_folder, $"{name}.log")) { Prefix = [.. prefix, .. clock] };
        await SetClockAsync(silo, 0);
        lock (_lock)
        {
            _silos.Add(silo);
        }

        return silo;
    }

    /// <summary>Forgets a silo, which is killed if it still runs.</summary>
    public async Task RemoveSiloAsync(SiloProcess silo)
    {
        lock (_lock)
        {
            _silos.Remove(silo);
        }

        await silo.DisposeAsync();
    }

    /// <summary>Starts a silo that does not run, and waits until it is ready.</summary>
    public async Task StartAgainAsync(SiloProcess silo, Action<string> tell)
    {
        // A silo that cannot start, because its database is down, ends; a supervisor starts it again.
        for (var attempt = 1; ; attempt++)
        {
            await silo.LaunchAsync();
            if (await silo.WaitReadyAsync(CancellationToken.None))
            {
                tell($"{silo.Name} started");
                return;
            }

            tell($"{silo.Name} {(silo.IsRunning ? "started and is not ready" : "could not start")}");
            if (silo.IsRunning || attempt == 10)
            {
                return;
            }

            await Task.Delay(s_poll);
        }
    }

    /// <summary>Stops a silo gracefully.</summary>
    public async Task StopAsync(SiloProcess silo, Action<string> tell)
    {
        tell($"{silo.Name} told to stop");
        tell($"{silo.Name} {(!silo.IsRunning ? "had ended" : await silo.TerminateAsync(s_stopPatience) ? "stopped" : "did not stop well and was killed")}");
    }

    /// <summary>Starts a silo again that ended by itself, as one does that learns that it was declared dead.</summary>
    public async Task ReviveAsync(SiloProcess silo, Action<string> tell)
    {
        for (var waited = TimeSpan.Zero; silo.IsRunning && waited < s_afterlife; waited += s_poll)
        {
            await Task.Delay(s_poll);
        }

        if (!silo.IsRunning)
        {
            tell($"{silo.Name} had ended by itself");
            await StartAgainAsync(silo, tell);
        }
    }

    /// <summary>Sets a silo's wall clock.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="seconds">How far it is off.</param>
    public Task SetClockAsync(SiloProcess silo, int seconds) =>
        ClockLibrary is null ? Task.CompletedTask : File.WriteAllTextAsync(ClockFile(silo.Name), string.Create(CultureInfo.InvariantCulture, $"{seconds:+0;-0;+0}s\n"));

    /// <summary>Makes everything run again; completes when all silos are ready, or have had their time.</summary>
    /// <returns>The silos that did not become ready.</returns>
    public async Task<IReadOnlyList<SiloProcess>> HealAsync(Action<string> tell)
    {
        if (Database is not null)
        {
            await Database.HealAsync();
        }

        if (LogDatabase is not null)
        {
            await LogDatabase.HealAsync();
        }

        foreach (var silo in Silos)
        {
            if (silo.IsFrozen)
            {
                silo.Thaw();
            }

            if (!silo.IsRunning)
            {
                await StartAgainAsync(silo, tell);
            }
        }

        var lame = new List<SiloProcess>();
        foreach (var silo in Silos)
        {
            if (!await silo.WaitReadyAsync(CancellationToken.None))
            {
                lame.Add(silo);
            }
        }

        return lame;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos)
        {
            await silo.DisposeAsync();
        }

        if (Database is not null)
        {
            await Database.DisposeAsync();
        }

        if (LogDatabase is not null)
        {
            await LogDatabase.DisposeAsync();
        }

        if (Network is not null)
        {
            await Network.DisposeAsync();
        }

        if (_accessFile is not null)
        {
            File.Delete(_accessFile);
        }
    }

    private async Task PrepareAsync(ChaosOptions options)
    {
        if (options.Storage == ChaosStorage.Files)
        {
            NetworkObstacle = "links are cut between several silos on PostgreSQL only";
            return;
        }

        (Network, NetworkObstacle) = await NetworkLab.TryCreateAsync();
        if (Network is not null)
        {
            // Beside the other temporary files, because the user that PostgreSQL runs as has to be able to read it.
            _accessFile = Path.Combine(Path.GetTempPath(), $"orleansstream-chaos-{Environment.ProcessId}.hba");
            await File.WriteAllTextAsync(_accessFile, $"""
                host all all 127.0.0.1/32 trust
                host replication all 127.0.0.1/32 trust
                host all all {Network.Subnet} trust

                """);
        }

        var address = Network?.DatabaseAddress ?? IPAddress.Loopback.ToString();
        Database = await ChaosDatabase.StartAsync(address, _accessFile);
        LogDatabase = await ChaosLogDatabase.StartAsync(address, _accessFile);
    }

    private string ClockFile(string silo) => Path.Combine(_folder, $"{silo}.clock");
}
