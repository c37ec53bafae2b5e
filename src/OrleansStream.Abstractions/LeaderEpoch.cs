using System.Globalization;

namespace OrleansStream;

/// <summary>
/// Counts the openings of a partition's log. Every opening takes the next epoch from the store, and the store refuses
/// appends that carry an earlier one: that is what keeps two owners from writing one partition (invariant I4).
/// </summary>
/// <param name="Value">The epoch; -1 means "unknown".</param>
[GenerateSerializer, Immutable, Alias("orleansstream.leader-epoch")]
public readonly record struct LeaderEpoch([property: Id(0)] int Value) : IComparable<LeaderEpoch>
{
    /// <summary>No epoch is known.</summary>
    public static LeaderEpoch None => new(-1);

    /// <summary>The epoch of the next opening.</summary>
    public LeaderEpoch Next() => new(checked(Value + 1));

    /// <inheritdoc/>
    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>True when <paramref name="left"/> is the older epoch.</summary>
    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    /// <summary>True when <paramref name="left"/> is the newer epoch.</summary>
    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    /// <summary>True when <paramref name="left"/> is not the newer epoch.</summary>
    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    /// <summary>True when <paramref name="left"/> is not the older epoch.</summary>
    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;
}
