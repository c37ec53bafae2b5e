using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Host;

/// <summary>
/// Looks, before the silo starts, whether its ports are free, because here the setting's name is still known. It comes after the
/// data folder was locked: starting a host twice is about the folder first.
/// </summary>
internal sealed class PortCheck(IOptions<OrleansStreamServerOptions> options, IServiceProvider services, IConfiguration configuration) : IHostedLifecycleService
{
    private const string AddressSetting = $"{OrleansStreamServerOptions.SectionName}:{nameof(OrleansStreamServerOptions.AdvertisedAddress)} (--address)";

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var address = IPAddress.Parse(options.Value.AdvertisedAddress);
        Check(address, options.Value.GatewayPort, $"{OrleansStreamServerOptions.SectionName}:{nameof(OrleansStreamServerOptions.GatewayPort)} (--port)", AddressSetting);
        Check(address, options.Value.SiloPort, $"{OrleansStreamServerOptions.SectionName}:{nameof(OrleansStreamServerOptions.SiloPort)} (--silo-port)", AddressSetting);
        if (KafkaGateway.IsOn(configuration))
        {
            var kafka = services.GetRequiredService<IOptions<KafkaOptions>>().Value;
            Check(
                kafka.Address is { } own ? IPAddress.Parse(own) : address,
                kafka.Port,
                $"{KafkaGateway.PortSetting} (--kafka-port)",
                kafka.Address is null ? AddressSetting : KafkaGateway.AddressSetting);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <param name="address">The address that will be listened on.</param>
    /// <param name="port">The port.</param>
    /// <param name="portSetting">Where the port comes from.</param>
    /// <param name="addressSetting">Where the address comes from.</param>
    private static void Check(IPAddress address, int port, string portSetting, string addressSetting)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            throw new OptionsValidationException(portSetting, typeof(OrleansStreamServerOptions), [e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"{portSetting}: port {port} of {address} is used by another process; stop that one, or set another port.",
                SocketError.AddressNotAvailable => $"{addressSetting}: this machine has no address {address}.",
                _ => $"{portSetting}: port {port} of {address} cannot be listened on: {e.Message}.",
            }]);
        }
    }
}
