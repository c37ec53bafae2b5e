using System.Net;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Host;

/// <summary>The gateway for Kafka clients, unless it is switched off.</summary>
internal static class KafkaGateway
{
    public const string PortSetting = $"{KafkaOptions.SectionName}:{nameof(KafkaOptions.Port)}";
    public const string HostSetting = $"{KafkaOptions.SectionName}:{nameof(KafkaOptions.AdvertisedHost)}";

    private const string AddressSetting = $"{KafkaOptions.SectionName}:{nameof(KafkaOptions.Address)}";

    public static void Add(WebApplicationBuilder builder)
    {
        if (IsOn(builder.Configuration))
        {
            builder.AddOrleansStreamKafka();
            builder.Services.AddHostedService<Check>();
        }
    }

    /// <summary>Where Kafka clients connect, for people.</summary>
    public static string Describe(WebApplication app)
    {
        if (!IsOn(app.Configuration))
        {
            return "nothing";
        }

        var server = app.Services.GetRequiredService<IOptions<OrleansStreamServerOptions>>().Value;
        var kafka = app.Services.GetRequiredService<IOptions<KafkaOptions>>().Value;
        return $"{kafka.AdvertisedHost ?? server.AdvertisedAddress}:{kafka.AdvertisedPort ?? kafka.Port}";
    }

    private static bool IsOn(IConfiguration configuration) => configuration[PortSetting] is not ("0" or "none");

    /// <summary>Looks whether the port is free, beside <see cref="PortCheck"/>.</summary>
    private sealed class Check(IOptions<KafkaOptions> kafka, IOptions<OrleansStreamServerOptions> server) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken)
        {
            var address = IPAddress.Parse(kafka.Value.Address ?? server.Value.AdvertisedAddress);
            PortCheck.Check(address, kafka.Value.Port, $"{PortSetting} (--kafka-port)", AddressSetting);
            return Task.CompletedTask;
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
