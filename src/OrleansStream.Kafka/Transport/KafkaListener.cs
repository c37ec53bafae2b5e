using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Diagnostics;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Accepts connections while the silo is active. When the silo stops: first nobody new is let in, then its partitions go to other silos, which
/// the clients that are still connected are told, and then the connections end. So it takes part in the silo's life twice.
/// </summary>
internal sealed partial class KafkaListener(
    IServiceProvider services,
    IConnectionListenerFactory transport,
    IOptions<KafkaOptions> options,
    IOptions<OrleansStreamServerOptions> server,
    StopTime stop,
    ILogger<KafkaListener> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int AfterEvacuation = ServiceLifecycleStage.Active + 1;
    private const int BeforeEvacuation = ServiceLifecycleStage.Active + 3;

    private KafkaConnectionHandler? _handler;
    private IConnectionListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public void Participate(ISiloLifecycle observer)
    {
        observer.Subscribe(nameof(KafkaListener), BeforeEvacuation, StartAsync, StopAcceptingAsync);
        observer.Subscribe(nameof(KafkaListener), AfterEvacuation, _ => Task.CompletedTask, token => _handler?.StopAsync(stop.Take(StopTime.DrainShare), token) ?? Task.CompletedTask);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        // Asked for late: lifecycle participants are made before the storage is opened.
        _handler = services.GetRequiredService<KafkaConnectionHandler>();
        var endpoint = new IPEndPoint(IPAddress.Parse(options.Value.Address ?? server.Value.AdvertisedAddress), options.Value.Port);
        _listener = await transport.BindAsync(endpoint, cancellationToken).ConfigureAwait(false);
        using (ExecutionContext.SuppressFlow())
        {
            // The silo's lifecycle runs in a context of its own, which is nothing to connections.
            _accepting = Task.Run(() => AcceptAsync(_listener, _handler), CancellationToken.None);
        }

        Listening(_listener.EndPoint);
    }

    private async Task StopAcceptingAsync(CancellationToken cancellationToken)
    {
        if (_listener is { } listener)
        {
            await listener.UnbindAsync(cancellationToken).ConfigureAwait(false);
            await _accepting.ConfigureAwait(false);
            await listener.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task AcceptAsync(IConnectionListener listener, KafkaConnectionHandler handler)
    {
        try
        {
            while (await listener.AcceptAsync().ConfigureAwait(false) is { } connection)
            {
                // Not awaited: connections run beside each other, and the handler lets no exception out.
                _ = RunAsync(connection, handler);
            }
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            NotAccepting(listener.EndPoint, failure);
        }
    }

    private static async Task RunAsync(ConnectionContext connection, KafkaConnectionHandler handler)
    {
        // Away from the accepting loop, which the first requests should not hold up.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await handler.OnConnectedAsync(connection).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(LogEvents.KafkaListening, LogLevel.Debug, "Kafka clients connect to {EndPoint}.")]
    private partial void Listening(EndPoint endPoint);

    [LoggerMessage(LogEvents.AcceptFailed, LogLevel.Error, "No more connections of Kafka clients are accepted on {EndPoint}; restart the silo.")]
    private partial void NotAccepting(EndPoint endPoint, Exception exception);
}
