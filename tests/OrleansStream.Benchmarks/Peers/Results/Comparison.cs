namespace OrleansStream.Benchmarks.Peers.Results;

/// <summary>The guard against getting slower unseen: two runs, held against each other by their ratios, which a slower machine does not change much.</summary>
internal static class Comparison
{
    /// <summary>Medians that lie this close are the same, however narrow the spreads were.</summary>
    private const double Noise = 0.03;

    /// <summary>Writes a line for every ratio.</summary>
    /// <returns>How many got worse beyond what the rounds of either run differ by themselves.</returns>
    public static int Write(ResultsFile before, ResultsFile after, TextWriter output)
    {
        var worse = 0;
        foreach (var ratio in before.Ratios)
        {
            var now = after.Ratios.FirstOrDefault(other => other.Title == ratio.Title);
            if (now is null)
            {
                output.WriteLine($"not measured again: {ratio.Title}");
                continue;
            }

            var verdict = IsWorse(ratio, now) ? "worse" : IsWorse(now, ratio) ? "better" : "same";
            worse += verdict == "worse" ? 1 : 0;
            output.WriteLine($"{verdict,-7} {ratio.Title}: {Numbers.Text(ratio.Spread)} before, {Numbers.Text(now.Spread)} now");
        }

        return worse;
    }

    /// <summary>The two ranges do not touch, and the medians differ by more than noise.</summary>
    private static bool IsWorse(Ratio before, Ratio after) => before.IsAtLeast
        ? after.Max < before.Min && after.Median < before.Median * (1 - Noise)
        : after.Min > before.Max && after.Median > before.Median * (1 + Noise);
}
