using OrleansStream.Placement;

namespace OrleansStream.Storage;

/// <summary>
/// What people decided about where partitions live, and the history of their moves. Names of silos are kept as they were given;
/// nothing here knows which silos there are. Safe for concurrent use.
/// </summary>
public interface IPlacementStore
{
    /// <summary>The most pins there may be: every silo keeps all of them in memory.</summary>
    const int MaxPins = 10_000;

    /// <summary>The most drained silos there may be.</summary>
    const int MaxDrainedSilos = 1000;

    /// <summary>How many moves are kept; older ones are forgotten.</summary>
    const int KeptMoves = 5000;

    /// <summary>Reads every decision.</summary>
    /// <param name="knownVersion">The version that the caller has; 0 for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when the version is still that one.</returns>
    ValueTask<PlacementOverrides?> ReadAsync(long knownVersion, CancellationToken cancellationToken);

    /// <summary>Pins a partition to a silo, instead of any earlier pin. The pin goes with its topic.</summary>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.InvalidRequest"/> when there are <see cref="MaxPins"/>; <see cref="ErrorCode.UnknownTopicOrPartition"/>
    /// when the topic is not in the catalog.
    /// </exception>
    ValueTask PinAsync(PartitionId partition, string silo, CancellationToken cancellationToken);

    /// <summary>Takes a pin away.</summary>
    /// <returns>False when there was none.</returns>
    ValueTask<bool> UnpinAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Notes that a silo is to own nothing.</summary>
    /// <returns>False when that was noted before.</returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidRequest"/> when there are <see cref="MaxDrainedSilos"/>.</exception>
    ValueTask<bool> DrainAsync(string silo, CancellationToken cancellationToken);

    /// <summary>Lets a silo own partitions again.</summary>
    /// <returns>False when it was not drained.</returns>
    ValueTask<bool> UndrainAsync(string silo, CancellationToken cancellationToken);

    /// <summary>Adds a move to the history, which gives it its number; of the oldest, all beyond <see cref="KeptMoves"/> are forgotten.</summary>
    ValueTask RecordMoveAsync(PartitionMove move, CancellationToken cancellationToken);

    /// <summary>Moves, newest first, in pages.</summary>
    /// <param name="before">Only moves with a lower number; null from the newest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<PartitionMove>> ListMovesAsync(long? before, int limit, CancellationToken cancellationToken);
}

/// <summary>Every decision about where partitions live.</summary>
/// <param name="Version">Higher after every change; never 0.</param>
/// <param name="Pins">The pins, in no particular order.</param>
/// <param name="DrainedSilos">The drained silos, in no particular order.</param>
public sealed record PlacementOverrides(long Version, IReadOnlyList<PinnedPartition> Pins, IReadOnlyList<string> DrainedSilos);
