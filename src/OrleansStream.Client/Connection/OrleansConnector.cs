using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Serialization;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Connection;

/// <summary>
/// An Orleans client of our own: starts it, keeps its list of gateways current, and stops it when disposed.
/// </summary>
internal sealed class OrleansConnector : IAsyncDisposable
{
    private static readonly TimeSpan s_gatewayRefreshPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_responseTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_connectRetryPause = TimeSpan.FromMilliseconds(200);

    private readonly OrleansStreamClientOptions _options;
    private readonly List<ServerAddress> _servers = [];
    private readonly ServiceProvider _services;
    private readonly IHostedService[] _hosted;
    private readonly CancellationTokenSource _stopping = new();
    private ClusterConnection? _connection;
    private Task _discovery = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>Makes a client that does not connect before <see cref="StartAsync"/>.</summary>
    /// <exception cref="ArgumentException">A server's address cannot be read.</exception>
    public OrleansConnector(OrleansStreamClientOptions options)
    {
        _options = options;
        IEnumerable<string> servers = options.Servers.Count > 0 || options.ServerDirectory is not null ? options.Servers : [OrleansStreamClientOptions.DefaultServer];
        foreach (var text in servers)
        {
            _servers.Add(ServerAddress.TryParse(text, out var server, out var problem) ? server : throw new ArgumentException($"Servers {problem}"));
        }

        Gateways = new GatewayList(_servers, options.ServerDirectory, options.ClusterId, s_gatewayRefreshPeriod, options.TimeProvider);
        var services = new ServiceCollection();
        services.AddSingleton(options.LoggerFactory ?? NullLoggerFactory.Instance);
        services.AddLogging();
        services.AddOrleansClient(client => Configure(client, options));
        _services = services.BuildServiceProvider();
        _hosted = [.. _services.GetServices<IHostedService>()];
        Client = _services.GetRequiredService<IClusterClient>();
    }

    public IClusterClient Client { get; }

    public GatewayList Gateways { get; }

    /// <summary>
    /// Connects, retrying until <see cref="OrleansStreamClientOptions.ConnectTimeout"/> is over; then goes on looking for further
    /// silos, and tells the connection when a socket broke. After a failure it can only be disposed.
    /// </summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.Unreachable"/>, naming the servers.</exception>
    public async Task StartAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        _connection = connection;
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            foreach (var service in _hosted)
            {
                // Some steps of the client's start do not listen to the token.
                await service.StartAsync(either.Token).WaitAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new OrleansStreamException(
                ErrorCode.Unreachable,
                $"No silo answered at {Places()} within {_options.ConnectTimeout.TotalSeconds:0.#} s. "
                + $"Check that one runs there and that its cluster id and service id are '{_options.ClusterId}' and '{_options.ServiceId}'.",
                exception);
        }

        using (ExecutionContext.SuppressFlow())
        {
            _discovery = Task.Run(() => DiscoverAsync(connection), CancellationToken.None);
        }
    }

    private string Places() => string.Join(", ", [.. _servers.Select(server => server.ToString()), .. ListedPlaces()]);

    private string[] ListedPlaces() => _options.ServerDirectory is { } directory
        ? [Gateways.DirectoryFailure is { } failure ? $"the servers of {directory} ({failure.Message})" : $"the servers of {directory}"]
        : [];

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _discovery.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timeout = new CancellationTokenSource(s_stopTimeout);
        foreach (var service in _hosted)
        {
            try
            {
                await service.StopAsync(timeout.Token).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // A client that never connected, or whose silo is gone, cannot say goodbye; its sockets are closed below.
            }
        }

        await _services.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void Configure(IClientBuilder client, OrleansStreamClientOptions options)
    {
        client.Services.AddSingleton<IGatewayListProvider>(Gateways);
        client.Services.AddSerializer(serializer => serializer.AddAssembly(typeof(IStreamEndpoint).Assembly));
        client.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ServiceId));
        client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = s_gatewayRefreshPeriod);
        client.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = s_responseTimeout);
        client.Configure<ConnectionOptions>(o =>
        {
            o.ConnectionsPerEndpoint = options.ConnectionsPerServer;
            o.ConnectionRetryDelay = s_connectRetryPause;
        });
        client.UseConnectionRetryFilter(async (_, token) =>
        {
            await Task.Delay(s_connectRetryPause, token).ConfigureAwait(false);
            return true;
        });
        client.AddGatewayCountChangedHandler((_, change) =>
        {
            if (change.NumberOfConnectedGateways < change.PreviousNumberOfConnectedGateways)
            {
                Volatile.Read(ref _connection)?.ReportLoss();
            }
        });
    }

    private async Task DiscoverAsync(ClusterConnection connection)
    {
        using var timer = new PeriodicTimer(s_gatewayRefreshPeriod, connection.Time);
        do
        {
            try
            {
                Gateways.Learn(await connection.Grains.Cluster.DescribeAsync().WaitAsync(_stopping.Token).ConfigureAwait(false));
            }
            catch (Exception) when (!_stopping.IsCancellationRequested)
            {
                // The gateways that are known go on serving; the next round asks again.
            }
        }
        while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false));
    }
}
