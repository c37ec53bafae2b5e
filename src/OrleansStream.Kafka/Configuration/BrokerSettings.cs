using System.Globalization;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Kafka.Configuration;

/// <summary>The settings of this silo under the names that Kafka has for them. All come from its configuration, and clients change none.</summary>
internal sealed class BrokerSettings(BrokerDirectory brokers, IOptions<KafkaOptions> kafka, IOptions<OrleansStreamServerOptions> server)
{
    public IReadOnlyList<KafkaSetting> Describe()
    {
        var (gateway, silo) = (kafka.Value, server.Value);
        var local = brokers.Local;
        KafkaSetting[] own =
        [
            Own("advertised.listeners", $"PLAINTEXT://{local.Host}:{local.Port}", SettingType.List, "Where clients are told to connect."),
            Own("auto.create.topics.enable", gateway.AutoCreateTopics ? "true" : "false", SettingType.Boolean, "Whether a topic that clients ask for is created."),
            Own("broker.id", Text(local.Id), SettingType.Int, "The silo's number."),
            Own("connections.max.idle.ms", Milliseconds(gateway.IdleTimeout), SettingType.Long, "After this time without a request a connection is closed."),
            Own("default.replication.factor", "1", SettingType.Int, "A partition has one log, in storage that keeps it safe."),
            Own("group.initial.rebalance.delay.ms", Milliseconds(silo.ClassicGroups.InitialRebalanceDelay), SettingType.Int, "How long the first member of a group waits for others."),
            Own("group.max.session.timeout.ms", Milliseconds(silo.ClassicGroups.MaxSessionTimeout), SettingType.Int, "The longest session of a group's member."),
            Own("group.max.size", Text(silo.ClassicGroups.MaxMembers), SettingType.Int, "The most members of a group."),
            Own("group.min.session.timeout.ms", Milliseconds(silo.ClassicGroups.MinSessionTimeout), SettingType.Int, "The shortest session of a group's member."),
            Own("max.connections", Text(gateway.MaxConnections), SettingType.Int, "The most connections."),
            Own("node.id", Text(local.Id), SettingType.Int, "The silo's number."),
            Own("num.partitions", Text(gateway.DefaultPartitions), SettingType.Int, "The partitions of a topic whose creator does not say."),
            Own("offset.metadata.max.bytes", Text(ProtocolLimits.MaxOffsetMetadataLength), SettingType.Int, "The longest metadata of a committed offset."),
            Own("socket.request.max.bytes", Text(gateway.MaxRequestBytes), SettingType.Int, "The largest request."),
        ];
        return [.. own.Concat(TopicSettings.BrokerDefaults).OrderBy(setting => setting.Name, StringComparer.Ordinal)];
    }

    private static KafkaSetting Own(string name, string value, SettingType type, string meaning) =>
        new(name, value, SettingSource.Broker, type, IsReadOnly: true, meaning, [new SettingSynonym(name, value, SettingSource.Broker)]);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
