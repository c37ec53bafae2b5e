using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using OrleansStream.Grains;
using OrleansStream.Server.Cluster;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Monitoring;
using OrleansStream.Server.Partitions;
using OrleansStream.Server.Placement;
using OrleansStream.Server.Retention;
using OrleansStream.Server.Topics;
using OrleansStream.Storage;

namespace OrleansStream.Server;

/// <summary>Puts OrleansStream into a host.</summary>
public static class OrleansStreamServerExtensions
{
    /// <summary>
    /// How many grains' places a silo remembers. Orleans would remember a million, some 300 bytes each, and whoever asks for many groups that do
    /// not exist fills that; records go past it, and a place that is not remembered costs one question.
    /// </summary>
    private const int DirectoryCacheSize = 20_000;

    /// <summary>
    /// Makes the application a silo of its own, with everything in a local folder: no server to install, nothing else to call.
    /// Settings come from the section <c>OrleansStream</c> and then from <paramref name="configure"/>. It becomes a member of a
    /// cluster instead when clustering and storage were registered before.
    /// </summary>
    /// <remarks>An application that is an Orleans silo already calls <see cref="AddOrleansStream"/> instead.</remarks>
    public static TBuilder AddOrleansStreamServer<TBuilder>(this TBuilder builder, Action<OrleansStreamServerOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.UseOrleans(silo =>
        {
            if (silo.Services.All(service => service.ServiceType != typeof(IMembershipTable)))
            {
                silo.UseDevelopmentClustering(primarySiloEndpoint: null!);
            }

            silo.Services.AddOptions<ClusterOptions>().Configure<IOptions<OrleansStreamServerOptions>>(static (cluster, options) =>
            {
                cluster.ClusterId = options.Value.ClusterId;
                cluster.ServiceId = options.Value.ServiceId;
            });
            silo.Services.AddOptions<SiloOptions>().Configure<IOptions<OrleansStreamServerOptions>>(static (named, options) =>
                named.SiloName = options.Value.SiloName ?? named.SiloName);
            silo.Services.AddOptions<EndpointOptions>().Configure<IOptions<OrleansStreamServerOptions>>(static (endpoint, options) =>
            {
                endpoint.AdvertisedIPAddress = IPAddress.Parse(options.Value.AdvertisedAddress);
                endpoint.SiloPort = options.Value.SiloPort;
                endpoint.GatewayPort = options.Value.GatewayPort;
            });
            silo.AddOrleansStream(configure);
        });
        return builder;
    }

    /// <summary>
    /// Adds OrleansStream to a silo that the application configures itself; ports and cluster are then the application's. Logs,
    /// topics and groups lie in a local folder unless an <see cref="Storage.ICatalog"/>, an <see cref="IGroupStore"/>, an
    /// <see cref="IPlacementStore"/> and an <see cref="IPartitionLogStore"/> were registered before.
    /// </summary>
    public static ISiloBuilder AddOrleansStream(this ISiloBuilder silo, Action<OrleansStreamServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        services.AddOptions<OrleansStreamServerOptions>()
            .BindConfiguration(OrleansStreamServerOptions.SectionName)
            .Configure(options => configure?.Invoke(options))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<OrleansStreamServerOptions>, OrleansStreamServerOptionsValidator>();
        services.AddSerializer(serializer => serializer.AddAssembly(typeof(IPartitionGrain).Assembly).AddAssembly(typeof(PartitionGrain).Assembly));
        AddStorage(services);
        AddDataPlane(silo);
        AddPlacement(silo);
        services.AddSingleton<SiloWebAddress>();
        services.AddSingleton<SiloReporter>();
        services.AddSingleton<ClusterReporter>();
        services.AddSingleton(provider => new TopicDirectory(provider.GetRequiredService<ICatalog>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TopicChanges>();
        services.AddSingleton<TopicBroadcast>();
        services.AddSingleton<TopicPartitions>();
        services.AddSingleton<DeletedTopicLogs>();
        services.AddSingleton<ProducerIdBlock>();
        services.AddSingleton<RetentionSweeper>();
        services.AddSingleton<IdlePartitionSweeper>();
        services.AddHostedService<Housekeeping>();
        ConfigureOrleans(services);
        return silo;
    }

    private static void AddStorage(IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        if (services.Any(service => service.ServiceType == typeof(ICatalog)))
        {
            return;
        }

        services.AddSingleton<EmbeddedStorage>();
        services.AddHostedService(provider => provider.GetRequiredService<EmbeddedStorage>());
        services.AddSingleton(provider => provider.GetRequiredService<EmbeddedStorage>().Catalog);
        services.AddSingleton(provider => provider.GetRequiredService<EmbeddedStorage>().Groups);
        services.AddSingleton(provider => provider.GetRequiredService<EmbeddedStorage>().Placement);
        services.AddSingleton<IPartitionLogStore>(provider => provider.GetRequiredService<EmbeddedStorage>().Logs);
    }

    private static void AddDataPlane(ISiloBuilder silo)
    {
        var services = silo.Services;
        services.AddMetrics();
        services.AddSingleton<ServerMetrics>();
        services.AddSingleton(provider => new PartitionTable(provider.GetRequiredService<ServerMetrics>()));
        services.TryAddSingleton<ILogStores>(provider => new LogStoreList(provider.GetServices<IPartitionLogStore>()));
        services.AddSingleton<LogStores>();
        services.AddSingleton<PartitionOpener>();
        services.AddSingleton<IPartitionExtents, PartitionExtents>();
        services.AddSingleton<EndpointAddress>();
        services.AddSingleton<Fetcher>();
        services.AddSingleton(provider => new LocalEndpoint(
            provider.GetRequiredService<PartitionTable>(),
            provider.GetRequiredService<Fetcher>(),
            provider.GetRequiredService<ServerMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<OrleansStreamServerOptions>>(),
            provider.GetRequiredService<ILogger<LocalEndpoint>>()));
        services.AddSingleton<StopTime>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SiloDrain>();
        silo.AddGrainService<StreamEndpoint>();
    }

    private static void AddPlacement(ISiloBuilder silo)
    {
        var services = silo.Services;
        silo.AddPlacementDirector<PartitionPlacement, PartitionPlacementDirector>();
        silo.AddPlacementDirector<GroupPlacement, GroupPlacementDirector>();
        services.AddSingleton<PlacementMap>();
        services.AddSingleton<GroupTable>();
        services.AddSingleton<GroupHandover>();
        services.AddSingleton(provider => new PartitionDirectory(
            provider.GetRequiredService<PlacementMap>(),
            provider.GetRequiredService<IGrainFactory>(),
            provider.GetRequiredService<ILocalSiloDetails>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PlacementBroadcast>();
        services.AddSingleton(provider => new SiloProbe(
            provider.GetRequiredService<EndpointAddress>(), provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<MoveRecorder>();
        services.AddSingleton<Rehearsal>();
        services.AddSingleton<PartitionMover>();
        services.AddSingleton<PlacementDesk>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, PlacementLifecycle>();
    }

    private static void ConfigureOrleans(IServiceCollection services)
    {
        // A failure travels with its cause, whatever threw that (a database driver, for instance). By default Orleans sends those of a
        // few namespaces only, and in place of any other failure one of its own, which says nothing of what happened or of retrying.
        services.Configure<ExceptionSerializationOptions>(static exceptions => exceptions.SupportedExceptionTypeFilter = static _ => true);
        services.Configure<SiloMessagingOptions>(static messaging =>
        {
            // The stop waits this long, unconditionally, for answers on their way out; by default ten seconds.
            messaging.WaitForMessageToBeQueuedForOutboundTime = TimeSpan.FromMilliseconds(100);
        });
        services.Configure<GrainDirectoryOptions>(static directory => directory.CacheSize = DirectoryCacheSize);
        services.AddOptions<GrainCollectionOptions>().Configure<IOptions<OrleansStreamServerOptions>>(static (collection, options) =>
        {
            // Closing a log is bounded by itself; Orleans should not give up on the grain before that.
            collection.DeactivationTimeout = options.Value.PartitionCloseTimeout + TimeSpan.FromSeconds(5);
        });
    }
}
