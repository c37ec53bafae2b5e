using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Configuration;
using OrleansStream.Kafka.Groups;

namespace OrleansStream.Kafka.Hosting;

/// <summary>Every API that is served. One that is not listed here is not advertised either.</summary>
internal static class KafkaApiList
{
    public static IServiceCollection AddKafkaApis(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ApiList(provider.GetServices<KafkaApi>()));
        services.AddSingleton(provider => new Lazy<ApiList>(provider.GetRequiredService<ApiList>));
        return services
            .Add<ProduceApi>()
            .Add<FetchApi>()
            .Add<ListOffsetsApi>()
            .Add<MetadataApi>()
            .Add<FindCoordinatorApi>()
            .Add<ApiVersionsApi>()
            .Add<InitProducerIdApi>()
            .Add<OffsetForLeaderEpochApi>()
            .Add<DescribeClusterApi>()
            .AddGroupApis()
            .AddAdministration();
    }

    private static IServiceCollection AddGroupApis(this IServiceCollection services) => services
        .AddSingleton<GroupCaller>()
        .Add<JoinGroupApi>()
        .Add<SyncGroupApi>()
        .Add<HeartbeatApi>()
        .Add<LeaveGroupApi>()
        .Add<OffsetCommitApi>()
        .Add<OffsetFetchApi>()
        .Add<OffsetDeleteApi>()
        .Add<ListGroupsApi>()
        .Add<DescribeGroupsApi>()
        .Add<DeleteGroupsApi>();

    private static IServiceCollection AddAdministration(this IServiceCollection services) => services
        .AddSingleton<BrokerSettings>()
        .AddSingleton<TopicAlteration>()
        .Add<CreateTopicsApi>()
        .Add<DeleteTopicsApi>()
        .Add<CreatePartitionsApi>()
        .Add<DeleteRecordsApi>()
        .Add<DescribeConfigsApi>()
        .Add<AlterConfigsApi>()
        .Add<IncrementalAlterConfigsApi>()
        .Add<DescribeTopicPartitionsApi>()
        .Add<DescribeLogDirsApi>()
        .Add<DescribeProducersApi>()
        .Add<ElectLeadersApi>();

    private static IServiceCollection Add<TApi>(this IServiceCollection services)
        where TApi : KafkaApi
    {
        services.AddSingleton<TApi>();
        return services.AddSingleton<KafkaApi>(provider => provider.GetRequiredService<TApi>());
    }
}
