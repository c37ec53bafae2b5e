using OrleansStream.Client.Serialization;
using OrleansStream.Topics;

namespace OrleansStream.Client.Consuming;

/// <summary>Where to begin when nothing was committed, or when the log no longer holds the position.</summary>
public enum OffsetReset
{
    /// <summary>At the first record that the log holds.</summary>
    Beginning,

    /// <summary>Behind the last record.</summary>
    End,

    /// <summary>Nowhere: the loop ends with <see cref="ErrorCode.OffsetOutOfRange"/>.</summary>
    Fail,
}

/// <summary>How a consumer works. The defaults are meant for production.</summary>
public record ConsumerOptions
{
    /// <summary>
    /// The group to be a member of, together with <see cref="Topics"/>. Without topics, the group whose committed offsets are used
    /// for partitions assigned by hand, which works while the group has no members. Null to do without commits.
    /// </summary>
    public string? GroupId { get; init; }

    /// <summary>
    /// The topics to subscribe to as a member of the group; empty for assignment by hand. With topics and no group, every
    /// partition of the topics is read by this consumer alone.
    /// </summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Makes this a static member: after a restart within the session timeout it gets the same partitions and nobody else notices.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Says to people, in group listings, who this is. The machine's name and the process's id.</summary>
    public string ClientId { get; init; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>Where to begin without a committed offset. At the beginning: nothing is skipped unless somebody says so.</summary>
    public OffsetReset OffsetReset { get; init; } = OffsetReset.Beginning;

    /// <summary>Whether positions are committed in the background, before a partition is given up, and at disposal. True.</summary>
    public bool EnableAutoCommit { get; init; } = true;

    /// <summary>How often automatic commits are made. Five seconds.</summary>
    public TimeSpan AutoCommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the group waits for a heartbeat before it gives the member's partitions to others. Ten seconds.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a revoked partition may stay with this member, while its loop works on a record. One minute.</summary>
    public TimeSpan RebalanceTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The most bytes read ahead; fetching pauses beyond it. An answer that the silo waited with may come on top of it, and a
    /// single larger batch is taken whole. 32 MiB.
    /// </summary>
    public long MaxBufferedBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>The most bytes of one partition in one fetch. 1 MiB; a larger batch is fetched whole, but only as the first of an answer.</summary>
    public int MaxPartitionFetchBytes { get; init; } = 1024 * 1024;

    /// <summary>How long a fetch waits on the server for records to come. 500 ms; up to <see cref="ProtocolLimits.MaxFetchWait"/>.</summary>
    public TimeSpan MaxFetchWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most bytes that a compressed batch may unpack to; larger ones end the loop with an error. 128 MiB.</summary>
    public int MaxDecompressedBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>How often topics are looked at for partitions that were added, when there is no group that does. Ten seconds.</summary>
    public TimeSpan TopicRefreshInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Called after partitions were added, before their first record; a seek here decides where they begin.</summary>
    public Func<IReadOnlyCollection<TopicPartition>, CancellationToken, ValueTask>? OnPartitionsAssigned { get; init; }

    /// <summary>
    /// Called when partitions are being given up, also at disposal, after their current record is done and before the automatic commit; an explicit
    /// commit here is still accepted.
    /// </summary>
    public Func<IReadOnlyCollection<TopicPartition>, CancellationToken, ValueTask>? OnPartitionsRevoked { get; init; }

    /// <summary>Called when partitions were taken away, because the session expired: others may own them already, commits are refused.</summary>
    public Func<IReadOnlyCollection<TopicPartition>, CancellationToken, ValueTask>? OnPartitionsLost { get; init; }

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">An option contradicts another one or a limit; the message names it.</exception>
    internal void Validate()
    {
        Require(GroupId is null or { Length: > 0 and <= ProtocolLimits.MaxIdLength }, nameof(GroupId), $"has 1 to {ProtocolLimits.MaxIdLength} characters");
        Require(Topics.Distinct(StringComparer.Ordinal).Count() == Topics.Count, nameof(Topics), "names a topic twice");
        Require(InstanceId is null || (GroupId is not null && Topics.Count > 0), nameof(InstanceId), "needs a GroupId and Topics");
        Require(!string.IsNullOrEmpty(ClientId), nameof(ClientId), "must not be empty");
        Require(AutoCommitInterval > TimeSpan.Zero, nameof(AutoCommitInterval), "must be positive");
        Require(SessionTimeout >= TimeSpan.FromSeconds(1), nameof(SessionTimeout), "must be a second at least");
        Require(RebalanceTimeout >= TimeSpan.FromSeconds(1), nameof(RebalanceTimeout), "must be a second at least");
        Require(MaxBufferedBytes > 0, nameof(MaxBufferedBytes), "must be positive");
        Require(MaxPartitionFetchBytes > 0, nameof(MaxPartitionFetchBytes), "must be positive");
        Require(MaxFetchWait > TimeSpan.Zero && MaxFetchWait <= ProtocolLimits.MaxFetchWait, nameof(MaxFetchWait), $"must be positive and at most {ProtocolLimits.MaxFetchWait}");
        Require(MaxDecompressedBytes > 0, nameof(MaxDecompressedBytes), "must be positive");
        Require(TopicRefreshInterval > TimeSpan.Zero, nameof(TopicRefreshInterval), "must be positive");
        foreach (var topic in Topics)
        {
            if (!TopicName.IsValid(topic, out var problem))
            {
                throw new ArgumentException($"{nameof(ConsumerOptions)}.{nameof(Topics)}: {problem}");
            }
        }

        static void Require(bool isMet, string name, string rule)
        {
            if (!isMet)
            {
                throw new ArgumentException($"{nameof(ConsumerOptions)}.{name} {rule}.");
            }
        }
    }
}

/// <summary>How a consumer of certain types works.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public record ConsumerOptions<TKey, TValue> : ConsumerOptions
{
    /// <summary>Reads keys; null for the default of the type.</summary>
    public ISerializer<TKey>? KeySerializer { get; init; }

    /// <summary>Reads values; null for the default of the type.</summary>
    public ISerializer<TValue>? ValueSerializer { get; init; }
}
