using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Server;

namespace OrleansStream.Testing;

/// <summary>
/// A whole OrleansStream in the test's own process: a real silo on free ports of 127.0.0.1 with a folder of its own, which is
/// deleted at the end. Start one per test class or per test; they do not disturb each other.
/// </summary>
/// <example>
/// <code>
/// await using var host = await OrleansStreamTestHost.StartAsync();
/// await host.ClusterClient.GetGrain&lt;ITopicGrain&gt;("orders").CreateAsync(6, new Dictionary&lt;string, string&gt;());
/// </code>
/// </example>
public sealed class OrleansStreamTestHost : IAsyncDisposable
{
    private const int StartAttempts = 3;

    private readonly OrleansStreamTestHostOptions _options;
    private readonly bool _ownsFolder;
    private IHost? _host;
    private int _siloPort;
    private int _gatewayPort;

    private OrleansStreamTestHost(OrleansStreamTestHostOptions options)
    {
        _options = options;
        _ownsFolder = options.DataPath is null;
        DataPath = options.DataPath ?? Directory.CreateTempSubdirectory("orleansstream-test-").FullName;
    }

    /// <summary>The folder that holds topics, groups and records.</summary>
    public string DataPath { get; }

    /// <summary>Where clients connect, as <c>host:port</c>. It stays the same over a restart.</summary>
    public string GatewayAddress => $"127.0.0.1:{_gatewayPort}";

    /// <summary>The services of the running silo.</summary>
    /// <exception cref="InvalidOperationException">The silo is stopped.</exception>
    public IServiceProvider Services => _host?.Services ?? throw new InvalidOperationException("The test host is stopped; start it again first.");

    /// <summary>An Orleans client inside the silo, without a network in between.</summary>
    public IClusterClient ClusterClient => Services.GetRequiredService<IClusterClient>();

    /// <summary>Starts a silo and waits until it serves.</summary>
    /// <param name="options">What differs from the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<OrleansStreamTestHost> StartAsync(OrleansStreamTestHostOptions? options = null, CancellationToken cancellationToken = default)
    {
        var host = new OrleansStreamTestHost(options ?? new OrleansStreamTestHostOptions());
        try
        {
            await host.StartOnFreePortsAsync(cancellationToken).ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts the stopped silo again, on the same folder and ports.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        if (_host is not null)
        {
            throw new InvalidOperationException("The test host runs; stop it first.");
        }

        await StartSiloAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops the silo as a SIGTERM would: everything in hand is finished and closed. The folder stays.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => EndAsync(cancellationToken);

    /// <summary>Connects an Orleans client over TCP, as another process would; the caller stops and disposes the host that carries it.</summary>
    public async Task<IHost> ConnectAsync(Action<IClientBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        var builder = Quiet(Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings()));
        builder.UseOrleansClient(client =>
        {
            client.UseLocalhostClustering(_gatewayPort, "orleansstream", "orleansstream");
            configure?.Invoke(client);
        });
        var host = builder.Build();
        await host.StartAsync(cancellationToken).ConfigureAwait(false);
        return host;
    }

    /// <summary>Stops the silo and deletes its folder, unless the folder was given.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndAsync(CancellationToken.None).ConfigureAwait(false);
        if (_ownsFolder && Directory.Exists(DataPath))
        {
            Directory.Delete(DataPath, recursive: true);
        }
    }

    private async Task StartOnFreePortsAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            (_siloPort, _gatewayPort) = FreePorts.Find();
            try
            {
                await StartSiloAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception taken) when (attempt < StartAttempts && FreePorts.IsTaken(taken))
            {
                // Somebody else was given the port between the look and the use.
            }
        }
    }

    private async Task StartSiloAsync(CancellationToken cancellationToken)
    {
        var builder = Quiet(Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings()));
        _options.ConfigureHost?.Invoke(builder);
        builder.AddOrleansStreamServer(server =>
        {
            server.DataPath = DataPath;
            server.SiloPort = _siloPort;
            server.GatewayPort = _gatewayPort;
            _options.ConfigureServer?.Invoke(server);
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
            _host = host;
        }
        catch
        {
            await DisposeAsync(host).ConfigureAwait(false);
            throw;
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _host, null) is { } host)
        {
            await host.StopAsync(cancellationToken).ConfigureAwait(false);
            await DisposeAsync(host).ConfigureAwait(false);
        }
    }

    private static ValueTask DisposeAsync(IHost host) => ((IAsyncDisposable)host).DisposeAsync();

    private static HostApplicationBuilder Quiet(HostApplicationBuilder builder)
    {
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        return builder;
    }
}
