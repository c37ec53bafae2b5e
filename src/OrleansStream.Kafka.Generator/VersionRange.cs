using System.Globalization;

namespace OrleansStream.Kafka.Generator;

/// <summary>Versions of an API, both ends included; <see cref="Open"/> as the last one means "and all later ones".</summary>
internal readonly record struct VersionRange(int First, int Last)
{
    public const int Open = short.MaxValue;

    public static VersionRange All => new(0, Open);

    /// <summary>No version at all: what <c>none</c> says.</summary>
    public static VersionRange None => new(Open, Open);

    public bool Covers(VersionRange other) => First <= other.First && Last >= other.Last;

    public bool Overlaps(VersionRange other) => First <= other.Last && Last >= other.First;

    /// <summary>Reads <c>3</c>, <c>3+</c> or <c>3-13</c>.</summary>
    public static bool TryParse(string text, out VersionRange range)
    {
        range = default;
        var dash = text.IndexOf('-');
        if (text.EndsWith("+", StringComparison.Ordinal))
        {
            range = new VersionRange(Number(text.Substring(0, text.Length - 1)), Open);
        }
        else if (dash > 0)
        {
            range = new VersionRange(Number(text.Substring(0, dash)), Number(text.Substring(dash + 1)));
        }
        else
        {
            range = new VersionRange(Number(text), Number(text));
        }

        return range.First >= 0 && range.Last >= range.First;
    }

    public override string ToString() => Last == Open ? $"{First}+" : First == Last ? $"{First}" : $"{First}-{Last}";

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Open ? number : -1;
}
