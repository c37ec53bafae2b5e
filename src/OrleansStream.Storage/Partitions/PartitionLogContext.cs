using Microsoft.Extensions.Logging;
using OrleansStream.Storage.Scheduling;

namespace OrleansStream.Storage.Partitions;

/// <summary>What an open log works with.</summary>
internal sealed record PartitionLogContext
{
    /// <summary>Whose log it is.</summary>
    public required PartitionId Partition { get; init; }

    /// <summary>The epoch that this opening took.</summary>
    public required LeaderEpoch LeaderEpoch { get; init; }

    /// <summary>Where the bytes go. The log disposes it when it ends.</summary>
    public required ILogBackend Backend { get; init; }

    /// <summary>What recovery found.</summary>
    public required LogState State { get; init; }

    /// <summary>Who runs the log's turns.</summary>
    public required ILogScheduler Scheduler { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>The most bytes of one write and flush.</summary>
    public int MaxGroupBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How many bytes are appended between two checkpoints: what a recovery has to read at most, give or take a group.</summary>
    public long CheckpointBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>How long appends that were acknowledged without a flush may stay unflushed.</summary>
    public TimeSpan BackgroundFlushInterval { get; init; } = TimeSpan.FromSeconds(1);
}
