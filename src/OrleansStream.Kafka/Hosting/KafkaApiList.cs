using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Kafka.Apis;

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
            .Add<DescribeClusterApi>();
    }

    private static IServiceCollection Add<TApi>(this IServiceCollection services)
        where TApi : KafkaApi
    {
        services.AddSingleton<TApi>();
        return services.AddSingleton<KafkaApi>(provider => provider.GetRequiredService<TApi>());
    }
}
