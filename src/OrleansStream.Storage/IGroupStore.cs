namespace OrleansStream.Storage;

/// <summary>
/// Durable state of consumer groups: a document the coordinator writes, and one row per committed offset. Safe for concurrent use.
/// </summary>
public interface IGroupStore
{
    /// <summary>Reads a group; null when nothing is stored.</summary>
    ValueTask<StoredGroup?> LoadAsync(string groupId, CancellationToken cancellationToken);

    /// <summary>Writes a group's document if nobody else did since it was read; that is what fences a second coordinator.</summary>
    /// <param name="group">The group, with the <see cref="StoredGroup.Version"/> that was read, or 0 for a new one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The new version; null when somebody else wrote: whoever sees this must forget what it knew and load again.</returns>
    ValueTask<long?> TrySaveAsync(StoredGroup group, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a group and its committed offsets, under the same condition: a coordinator that was replaced, and so does not
    /// know of the members that joined since, must not delete what they committed.
    /// </summary>
    /// <returns>False when the group's document has another version by now; nothing was removed then.</returns>
    ValueTask<bool> TryDeleteAsync(string groupId, long version, CancellationToken cancellationToken);

    /// <summary>Groups in the order of their ids (ordinal, by code point), in pages.</summary>
    /// <param name="prefix">Only ids that begin with it; empty for all.</param>
    /// <param name="after">Only ids after this one; null from the start.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<StoredGroup>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Writes offsets, all or none, durable on return; an offset of <see cref="Offset.None"/> removes the row. Partitions of a
    /// topic that is no longer in the catalog are left out, so that a late commit leaves nothing behind.
    /// </summary>
    /// <param name="groupId">The group.</param>
    /// <param name="version">The version of the group's document that the caller acts under.</param>
    /// <param name="offsets">The offsets by partition.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when the group's document has another version by now, or is gone; nothing was written then.</returns>
    ValueTask<bool> TryCommitAsync(
        string groupId, long version, IReadOnlyList<StoredOffset> offsets, CancellationToken cancellationToken);

    /// <summary>Reads every committed offset of a group.</summary>
    ValueTask<IReadOnlyList<StoredOffset>> ReadOffsetsAsync(string groupId, CancellationToken cancellationToken);
}

/// <summary>A group as stored.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="Version">
/// New at every write and never used again, not even for a group that was deleted and created anew; 0 for a group that was never stored.
/// </param>
/// <param name="Generation">The generation of its target assignment.</param>
/// <param name="MemberCount">The number of its members, for listings.</param>
/// <param name="State">Whatever the coordinator needs to go on, as JSON.</param>
public sealed record StoredGroup(string GroupId, long Version, Generation Generation, int MemberCount, string State);

/// <summary>A committed offset as stored: by topic id, so that a topic created again starts without offsets.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to consume.</param>
/// <param name="Metadata">What the member wants to remember.</param>
/// <param name="LeaderEpoch">The epoch of the last record done.</param>
/// <param name="CommittedAt">When, to the millisecond.</param>
public sealed record StoredOffset(PartitionId Partition, Offset Offset, string Metadata, LeaderEpoch LeaderEpoch, DateTimeOffset CommittedAt);
