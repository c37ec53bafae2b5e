using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime.MembershipService.SiloMetadata;
using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Diagnostics;
using OrleansStream.Kafka.Fetching;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Transport;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Kafka;

/// <summary>Puts the Kafka gateway into a host.</summary>
public static class KafkaExtensions
{
    /// <summary>
    /// Serves Kafka clients on the silo that the application is, from the silo's start to its stop. Settings
    /// come from the section <c>OrleansStream:Kafka</c> and then from <paramref name="configure"/>. All silos of a cluster that clients
    /// should reach need it.
    /// </summary>
    public static TBuilder AddOrleansStreamKafka<TBuilder>(this TBuilder builder, Action<KafkaOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.UseOrleans(silo =>
        {
            AddGateway(silo.Services, configure);
            AnnounceAddress(silo);
        });
        return builder;
    }

    private static void AddGateway(IServiceCollection services, Action<KafkaOptions>? configure)
    {
        services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.SectionName).Configure(options => configure?.Invoke(options)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<KafkaOptions>, KafkaOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddKafkaApis();
        services.AddSingleton<KafkaMetrics>();
        services.AddSingleton<BrokerDirectory>();
        services.AddSingleton<PartitionFinder>();
        services.AddSingleton<PartitionWalk>();
        services.AddSingleton<LeaderBoard>();
        services.AddSingleton<TopicFinder>();
        services.AddSingleton<FetchSessions>();
        services.AddSingleton<SlotFinder>();
        services.AddSingleton<AnswerRoom>();
        services.AddSingleton<BoundedReads>();
        services.AddSingleton<TopicCensus>();
        services.AddSingleton(provider => new KafkaConnectionContext(
            provider.GetRequiredService<ApiList>(),
            provider.GetRequiredService<ApiVersionsApi>(),
            provider.GetRequiredService<AnswerRoom>(),
            provider.GetRequiredService<IOptions<KafkaOptions>>().Value,
            provider.GetRequiredService<KafkaMetrics>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KafkaConnectionHandler>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            provider => ActivatorUtilities.CreateInstance<KafkaListener>(provider, KafkaSockets.Create(provider.GetRequiredService<ILoggerFactory>())));
    }

    private static void AnnounceAddress(ISiloBuilder silo)
    {
        // Read when the silo's metadata is made, which is after the settings are there.
        var announced = new Dictionary<string, string>();
        silo.Services.AddOptions<SiloMetadata>().Configure<IOptions<KafkaOptions>, IOptions<OrleansStreamServerOptions>>(
            (_, options, server) => announced[BrokerDirectory.MetadataKey] = options.Value.AddressFor(server.Value));
        silo.UseSiloMetadata(announced);
    }
}
