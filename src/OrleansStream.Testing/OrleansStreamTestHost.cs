using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Client;
using OrleansStream.Server;
using OrleansStream.Storage;

namespace OrleansStream.Testing;

/// <summary>
/// A whole OrleansStream in the test's own process: a real silo on free ports of 127.0.0.1 with a folder of its own, which is
/// deleted at the end. Start one per test class or per test; they do not disturb each other.
/// </summary>
/// <example>
/// <code>
/// await using var host = await OrleansStreamTestHost.StartAsync();
/// await using var producer = host.Client.CreateProducer&lt;string, string&gt;();
/// </code>
/// </example>
public sealed class OrleansStreamTestHost : IAsyncDisposable
{
    private const int StartAttempts = 3;

    private readonly OrleansStreamTestHostOptions _options;
    private readonly bool _ownsFolder;
    private IHost? _host;
    private OrleansStreamClient? _client;
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
    public IServiceProvider Services => _host?.Services ?? throw Stopped();

    /// <summary>
    /// A client inside the silo, without a network in between. After a restart there is a new one; a client that lives on through
    /// one comes from <see cref="ConnectAsync"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The silo is stopped.</exception>
    public OrleansStreamClient Client => _client ?? throw Stopped();

    /// <summary>The Orleans client below <see cref="Client"/>.</summary>
    /// <exception cref="InvalidOperationException">The silo is stopped.</exception>
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

    /// <summary>
    /// Ends the silo as a kill would: nothing in hand is finished, logs are not closed, and the next start has to recover them.
    /// What was acknowledged is there again after it.
    /// </summary>
    public async Task KillAsync()
    {
        foreach (var store in Services.GetServices<IPartitionLogStore>().OfType<FilePartitionLogStore>())
        {
            await store.AbandonAsync().ConfigureAwait(false);
        }

        await EndAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
    }

    /// <summary>Connects a client over TCP, as another process would; the caller disposes it. It lives on through a restart of the silo.</summary>
    public Task<OrleansStreamClient> ConnectAsync(CancellationToken cancellationToken = default) =>
        OrleansStreamClient.ConnectAsync(GatewayAddress, cancellationToken: cancellationToken);

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
            _client = OrleansStreamClient.Over(ClusterClient);
        }
        catch
        {
            await DisposeAsync(host).ConfigureAwait(false);
            throw;
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _host, null) is not { } host)
        {
            return;
        }

        if (Interlocked.Exchange(ref _client, null) is { } client)
        {
            await client.DisposeAsync().ConfigureAwait(false);
        }

        try
        {
            await host.StopAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The caller did not want to wait for an orderly stop.
        }

        await DisposeAsync(host).ConfigureAwait(false);
    }

    private static InvalidOperationException Stopped() => new("The test host is stopped; start it again first.");

    private static ValueTask DisposeAsync(IHost host) => ((IAsyncDisposable)host).DisposeAsync();

    private static HostApplicationBuilder Quiet(HostApplicationBuilder builder)
    {
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        return builder;
    }
}
