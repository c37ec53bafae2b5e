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
    public const string AddressSetting = $"{KafkaOptions.SectionName}:{nameof(KafkaOptions.Address)}";

    public static void Add(WebApplicationBuilder builder)
    {
        if (IsOn(builder.Configuration))
        {
            builder.AddOrleansStreamKafka();
        }
    }

    /// <summary>Where Kafka clients connect, for people.</summary>
    public static string Describe(WebApplication app)
    {
        if (!IsOn(app.Configuration))
        {
            return "nothing";
        }

        return app.Services.GetRequiredService<IOptions<KafkaOptions>>().Value
            .AddressFor(app.Services.GetRequiredService<IOptions<OrleansStreamServerOptions>>().Value);
    }

    /// <summary>Whether there is a gateway.</summary>
    public static bool IsOn(IConfiguration configuration) => configuration[PortSetting] is not ("0" or "none");
}
