using System.Globalization;

namespace OrleansStream;

/// <summary>
/// The place of a record in its partition, counted from zero. Offsets only grow, and one offset names one record for ever.
/// </summary>
/// <param name="Value">The number that goes over the wire; -1 stands for "no offset".</param>
[GenerateSerializer, Immutable, Alias("orleansstream.offset")]
public readonly record struct Offset([property: Id(0)] long Value) : IComparable<Offset>
{
    /// <summary>The first offset of every partition.</summary>
    public static Offset Zero => new(0);

    /// <summary>No offset: nothing was committed, found or assigned.</summary>
    public static Offset None => new(-1);

    /// <summary>False for <see cref="None"/> and every other negative value.</summary>
    public bool HasValue => Value >= 0;

    /// <inheritdoc/>
    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The offset <paramref name="count"/> records further on.</summary>
    public static Offset operator +(Offset offset, long count) => new(offset.Value + count);

    /// <summary>The number of offsets from <paramref name="right"/> up to <paramref name="left"/>.</summary>
    public static long operator -(Offset left, Offset right) => left.Value - right.Value;

    /// <summary>True when <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    /// <summary>True when <paramref name="left"/> comes after <paramref name="right"/>.</summary>
    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    /// <summary>True when <paramref name="left"/> does not come after <paramref name="right"/>.</summary>
    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    /// <summary>True when <paramref name="left"/> does not come before <paramref name="right"/>.</summary>
    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;
}
