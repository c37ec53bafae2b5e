using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Testing;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>A plain Orleans client over TCP, without anything that the SDK adds.</summary>
internal static class OrleansClient
{
    public static async Task<IHost> ConnectAsync(OrleansStreamTestHost silo)
    {
        var port = int.Parse(silo.GatewayAddress.Split(':')[1], CultureInfo.InvariantCulture);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleansClient(client => client.UseLocalhostClustering(port, "orleansstream", "orleansstream"));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
