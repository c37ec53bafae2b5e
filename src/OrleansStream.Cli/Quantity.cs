using System.Globalization;

namespace OrleansStream.Cli;

/// <summary>Times and counts as people type them.</summary>
internal static class Quantity
{
    /// <summary>Reads 500ms, 30s, 2m, 1h, or a bare number of seconds; fractions are fine, negative times are not.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        var (number, unit) = Split(text);
        var unitMs = unit switch
        {
            "ms" => 1,
            "" or "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        duration = default;
        if (unitMs == 0 || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            || value * unitMs > TimeSpan.FromDays(24).TotalMilliseconds)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(value * unitMs);
        return true;
    }

    /// <summary>Reads 1000000, 1_000_000, 64k or 1m, in thousands.</summary>
    public static bool TryParseCount(string text, out long count)
    {
        var (number, unit) = Split(text.Replace("_", "", StringComparison.Ordinal));
        var factor = unit switch
        {
            "" => 1,
            "k" => 1000,
            "m" => 1_000_000,
            _ => 0,
        };
        if (factor == 0 || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count > long.MaxValue / factor)
        {
            count = 0;
            return false;
        }

        count *= factor;
        return true;
    }

    private static (string Number, string Unit) Split(string text)
    {
        var end = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ").Length;
        return (text[..end], text[end..].ToLowerInvariant());
    }
}
