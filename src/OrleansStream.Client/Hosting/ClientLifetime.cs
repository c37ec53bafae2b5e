using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Client.Diagnostics;

namespace OrleansStream.Client.Hosting;

/// <summary>The application's client: connects at start, flushes producers at stop.</summary>
internal sealed partial class ClientLifetime : IHostedService, IAsyncDisposable
{
    private readonly IServiceProvider _provider;
    private readonly OrleansStreamClientOptions _options;
    private readonly IEnumerable<ProducerRegistration> _producers;
    private readonly ILogger<ClientLifetime> _logger;

    public ClientLifetime(
        IServiceProvider provider,
        IOptions<OrleansStreamClientOptions> options,
        IEnumerable<ProducerRegistration> producers,
        ILogger<ClientLifetime> logger)
    {
        _provider = provider;
        _options = options.Value;
        _producers = producers;
        _logger = logger;
        Client = OrleansStreamClient.Create(provider.GetService<IClusterClient>(), _options);
    }

    public OrleansStreamClient Client { get; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var producer in _producers)
        {
            producer.Create(_provider);
        }

        if (!Client.OwnsConnection)
        {
            return;
        }

        string[] places = [.. _options.Servers, .. _options.ServerDirectory is { } directory ? (string[])[$"the servers of {directory}"] : []];
        var servers = string.Join(", ", places.DefaultIfEmpty(OrleansStreamClientOptions.DefaultServer));
        LogConnecting(_logger, servers, _options.ConnectTimeout);
        await Client.StartAsync(cancellationToken).ConfigureAwait(false);
        LogConnected(_logger, servers);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var producer in _producers)
        {
            try
            {
                await producer.FlushAsync(_provider, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OrleansStreamException or OperationCanceledException or ObjectDisposedException)
            {
                // Lost records were logged one batch at a time; the application stops all the same.
            }
        }
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    [LoggerMessage(LogEvents.WaitingForCluster, LogLevel.Information, "Connecting to {Servers}, for {Timeout} at most.")]
    private static partial void LogConnecting(ILogger logger, string servers, TimeSpan timeout);

    [LoggerMessage(LogEvents.Connected, LogLevel.Information, "Connected to {Servers}.")]
    private static partial void LogConnected(ILogger logger, string servers);
}
