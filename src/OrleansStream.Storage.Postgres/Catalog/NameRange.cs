using System.Text;

namespace OrleansStream.Storage.Postgres.Catalog;

/// <summary>The names that begin with a prefix, as a range of an index in the order of code points.</summary>
internal static class NameRange
{
    private const int LastBeforeSurrogates = 0xD7FF;
    private const int FirstAfterSurrogates = 0xE000;
    private const int LastRune = 0x10FFFF;

    /// <summary>The least name behind all that begin with <paramref name="prefix"/>; null when every later name does.</summary>
    public static string? End(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToList();
        while (runes.Count > 0 && runes[^1].Value == LastRune)
        {
            runes.RemoveAt(runes.Count - 1);
        }

        if (runes.Count == 0)
        {
            return null;
        }

        var last = runes[^1].Value;
        runes[^1] = new Rune(last == LastBeforeSurrogates ? FirstAfterSurrogates : last + 1);
        return string.Concat(runes.Select(rune => rune.ToString()));
    }
}
