using OrleansStream.Topics;

namespace OrleansStream.Kafka.Configuration;

/// <summary>
/// The settings of a topic under Kafka's names. Some are the platform's own. The others say what the platform does: clients may set them to
/// that, which changes nothing, and to nothing else.
/// </summary>
internal static class TopicSettings
{
    private const string Fixed = "Not configurable: what the platform does.";

    private static readonly Entry[] s_own =
    [
        new("flush.mode", SettingType.Text, null),
        new("max.message.bytes", SettingType.Int, "message.max.bytes"),
        new("message.timestamp.after.max.ms", SettingType.Long, "log.message.timestamp.after.max.ms"),
        new("retention.bytes", SettingType.Long, "log.retention.bytes"),
        new("retention.ms", SettingType.Long, "log.retention.ms"),
        new("segment.bytes", SettingType.Int, "log.segment.bytes"),
        new("segment.ms", SettingType.Long, "log.roll.ms"),
    ];

    private static readonly FixedEntry[] s_fixed =
    [
        new("cleanup.policy", "delete", SettingType.List, "log.cleanup.policy", "Expired segments are deleted; compaction is not supported."),
        new("compression.type", "producer", SettingType.Text, "compression.type", "Batches are kept as producers compressed them."),
        new("delete.retention.ms", "86400000", SettingType.Long, "log.cleaner.delete.retention.ms", Fixed),
        new("file.delete.delay.ms", "60000", SettingType.Long, "log.segment.delete.delay.ms", Fixed),
        new("flush.messages", "9223372036854775807", SettingType.Long, "log.flush.interval.messages", "flush.mode decides when records are durable."),
        new("flush.ms", "9223372036854775807", SettingType.Long, "log.flush.interval.ms", "flush.mode decides when records are durable."),
        new("index.interval.bytes", "4096", SettingType.Int, "log.index.interval.bytes", Fixed),
        new("max.compaction.lag.ms", "9223372036854775807", SettingType.Long, "log.cleaner.max.compaction.lag.ms", Fixed),
        new("message.timestamp.before.max.ms", "9223372036854775807", SettingType.Long, "log.message.timestamp.before.max.ms", "Records may be as old as they like."),
        new("message.timestamp.type", "CreateTime", SettingType.Text, "log.message.timestamp.type", "Records keep the time that their producer gave them."),
        new("min.cleanable.dirty.ratio", "0.5", SettingType.Double, "log.cleaner.min.cleanable.ratio", Fixed),
        new("min.compaction.lag.ms", "0", SettingType.Long, "log.cleaner.min.compaction.lag.ms", Fixed),
        new("min.insync.replicas", "1", SettingType.Int, "min.insync.replicas", "A partition has one log, in storage that keeps it safe."),
        new("preallocate", "false", SettingType.Boolean, "log.preallocate", Fixed),
        new("remote.storage.enable", "false", SettingType.Boolean, null, Fixed),
        new("segment.index.bytes", "10485760", SettingType.Int, "log.index.size.max.bytes", Fixed),
        new("segment.jitter.ms", "0", SettingType.Long, "log.roll.jitter.ms", Fixed),
        new("unclean.leader.election.enable", "false", SettingType.Boolean, "unclean.leader.election.enable", "An owner is never replaced by one that has less."),
    ];

    private static readonly Dictionary<string, FixedEntry> s_fixedByName = s_fixed.ToDictionary(entry => entry.Name, StringComparer.Ordinal);

    /// <summary>Every setting of a topic, by name.</summary>
    public static IReadOnlyList<KafkaSetting> Describe(TopicDescription topic) =>
    [
        .. s_own.Select(entry => Describe(entry, topic.Configuration))
            .Concat(s_fixed.Select(entry => new KafkaSetting(
                entry.Name,
                entry.Value,
                SettingSource.Default,
                entry.Type,
                IsReadOnly: true,
                entry.Meaning,
                entry.BrokerName is null ? [] : [new SettingSynonym(entry.BrokerName, entry.Value, SettingSource.Default)])))
            .OrderBy(setting => setting.Name, StringComparer.Ordinal),
    ];

    /// <summary>The defaults under the names that a broker has for them.</summary>
    public static IEnumerable<KafkaSetting> BrokerDefaults => s_own.Where(entry => entry.BrokerName is not null)
        .Select(entry => new KafkaSetting(
            entry.BrokerName!, Find(entry.Name).DefaultValue, SettingSource.Default, entry.Type, IsReadOnly: true, Find(entry.Name).Meaning, []))
        .Concat(s_fixed.Where(entry => entry.BrokerName is not null)
            .Select(entry => new KafkaSetting(entry.BrokerName!, entry.Value, SettingSource.Default, entry.Type, IsReadOnly: true, entry.Meaning, [])));

    /// <summary>Settings as a client wants them, without those that only say what happens anyway.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidConfig"/>: one is unknown, repeated, or nothing that the platform does.</exception>
    public static Dictionary<string, string> Accept(IEnumerable<(string Name, string? Value)> wanted)
    {
        var accepted = new Dictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in wanted)
        {
            if (!seen.Add(name))
            {
                throw new OrleansStreamException(ErrorCode.InvalidConfig, $"The setting {name} is there twice.");
            }

            if (value is null)
            {
                throw new OrleansStreamException(ErrorCode.InvalidConfig, $"The setting {name} has no value; leave it out for the default.");
            }

            if (!IsFixed(name, value))
            {
                accepted.Add(name, value);
            }
        }

        TopicConfiguration.Parse(accepted);
        return accepted;
    }

    /// <summary>Tells whether a setting cannot be changed, and the value is the one that it has.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidConfig"/>: it cannot be changed, and the value is another one.</exception>
    public static bool IsFixed(string name, string value) => s_fixedByName.TryGetValue(name, out var entry)
        && (string.Equals(entry.Value, value, StringComparison.OrdinalIgnoreCase)
            ? true
            : throw new OrleansStreamException(ErrorCode.InvalidConfig, $"{name} is always '{entry.Value}', and cannot be '{value}'. {entry.Meaning}"));

    /// <summary>Tells whether a setting cannot be changed.</summary>
    public static bool IsFixed(string name) => s_fixedByName.ContainsKey(name);

    /// <summary>Takes a value from a list that cannot be changed: one that is not in it.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidConfig"/>: it is in it.</exception>
    public static void CheckSubtraction(string name, string value)
    {
        var entry = s_fixedByName[name];
        if (string.Equals(entry.Value, value, StringComparison.OrdinalIgnoreCase))
        {
            throw new OrleansStreamException(ErrorCode.InvalidConfig, $"{name} is always '{entry.Value}'. {entry.Meaning}");
        }
    }

    /// <summary>Tells whether a setting is a list.</summary>
    public static bool IsList(string name) => s_fixedByName.TryGetValue(name, out var entry) && entry.Type == SettingType.List;

    public static bool IsKnown(string name) => s_fixedByName.ContainsKey(name) || Array.Exists(s_own, entry => entry.Name == name);

    private static KafkaSetting Describe(Entry entry, IReadOnlyDictionary<string, string> configuration)
    {
        var setting = Find(entry.Name);
        var isSet = configuration.TryGetValue(entry.Name, out var value);
        var synonyms = new List<SettingSynonym>();
        if (isSet)
        {
            synonyms.Add(new SettingSynonym(entry.Name, value, SettingSource.Topic));
        }

        if (entry.BrokerName is not null)
        {
            synonyms.Add(new SettingSynonym(entry.BrokerName, setting.DefaultValue, SettingSource.Default));
        }

        return new KafkaSetting(
            entry.Name,
            isSet ? value : setting.DefaultValue,
            isSet ? SettingSource.Topic : SettingSource.Default,
            entry.Type,
            IsReadOnly: false,
            setting.Meaning,
            synonyms);
    }

    private static TopicSetting Find(string name) => TopicConfiguration.Settings.First(setting => setting.Name == name);

    private sealed record Entry(string Name, SettingType Type, string? BrokerName);

    private sealed record FixedEntry(string Name, string Value, SettingType Type, string? BrokerName, string Meaning);
}
