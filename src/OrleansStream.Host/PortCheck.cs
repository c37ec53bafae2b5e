using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Host;

/// <summary>
/// Looks, before the silo starts, whether its ports are free, because here the setting's name is still known. It comes after the
/// data folder was locked: starting a host twice is about the folder first.
/// </summary>
internal sealed class PortCheck(IOptions<OrleansStreamServerOptions> options) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var address = IPAddress.Parse(options.Value.AdvertisedAddress);
        Check(address, options.Value.GatewayPort, nameof(OrleansStreamServerOptions.GatewayPort), "--port");
        Check(address, options.Value.SiloPort, nameof(OrleansStreamServerOptions.SiloPort), "--silo-port");
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static void Check(IPAddress address, int port, string setting, string alias)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            var full = $"{OrleansStreamServerOptions.SectionName}:{setting} ({alias})";
            throw new OptionsValidationException(setting, typeof(OrleansStreamServerOptions), [e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"{full}: port {port} of {address} is used by another process; stop that one, or set another port.",
                SocketError.AddressNotAvailable =>
                    $"{OrleansStreamServerOptions.SectionName}:{nameof(OrleansStreamServerOptions.AdvertisedAddress)} (--address): this machine has no address {address}.",
                _ => $"{full}: port {port} of {address} cannot be listened on: {e.Message}.",
            }]);
        }
    }
}
