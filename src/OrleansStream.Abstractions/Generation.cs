using System.Globalization;

namespace OrleansStream;

/// <summary>
/// Counts the target assignments of a consumer group. A member acts under the generation it was last told; a commit under
/// an older one is refused (invariant I7).
/// </summary>
/// <param name="Value">The generation; -1 means "not a member".</param>
[GenerateSerializer, Immutable, Alias("orleansstream.generation")]
public readonly record struct Generation([property: Id(0)] int Value) : IComparable<Generation>
{
    /// <summary>The caller is not a member of a group.</summary>
    public static Generation None => new(-1);

    /// <summary>The generation that follows this one.</summary>
    public Generation Next() => new(checked(Value + 1));

    /// <inheritdoc/>
    public int CompareTo(Generation other) => Value.CompareTo(other.Value);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>True when <paramref name="left"/> is the older generation.</summary>
    public static bool operator <(Generation left, Generation right) => left.Value < right.Value;

    /// <summary>True when <paramref name="left"/> is the newer generation.</summary>
    public static bool operator >(Generation left, Generation right) => left.Value > right.Value;

    /// <summary>True when <paramref name="left"/> is not the newer generation.</summary>
    public static bool operator <=(Generation left, Generation right) => left.Value <= right.Value;

    /// <summary>True when <paramref name="left"/> is not the older generation.</summary>
    public static bool operator >=(Generation left, Generation right) => left.Value >= right.Value;
}
