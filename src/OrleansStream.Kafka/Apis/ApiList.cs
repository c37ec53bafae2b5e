using System.Collections.Frozen;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>The APIs that have a handler. Immutable.</summary>
internal sealed class ApiList(IEnumerable<KafkaApi> apis)
{
    private readonly FrozenDictionary<ApiKey, KafkaApi> _apis = apis.ToFrozenDictionary(api => api.Description.Key);

    /// <summary>All of them, by their numbers.</summary>
    public IEnumerable<ApiDescription> Descriptions => _apis.Values.Select(api => api.Description).OrderBy(api => api.Key);

    public KafkaApi? Find(ApiKey key) => _apis.GetValueOrDefault(key);
}
