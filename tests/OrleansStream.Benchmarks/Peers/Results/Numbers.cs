using System.Globalization;

namespace OrleansStream.Benchmarks.Peers.Results;

/// <summary>Numbers as people read them: three digits that matter.</summary>
internal static class Numbers
{
    public static string Text(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    public static string Text(Spread spread) =>
        spread.Min == spread.Max ? Text(spread.Median) : $"{Text(spread.Median)} ({Text(spread.Min)}–{Text(spread.Max)})";
}
