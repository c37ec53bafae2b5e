using System.Globalization;
using System.Text;

namespace OrleansStream.Benchmarks.Peers.Results;

/// <summary>Results as a page of Markdown.</summary>
internal static class ResultsPage
{
    public static string Of(ResultsFile results)
    {
        var page = new StringBuilder();
        page.AppendLine("# Speed, side by side").AppendLine();
        page.AppendLine(CultureInfo.InvariantCulture, $"Written by `./dev bench peers` on {results.At:yyyy-MM-dd HH:mm} UTC. Figures are medians of {results.Rounds} interleaved rounds, with the least and the most in parentheses; ratios are taken round by round.");
        page.AppendLine().AppendLine("## Targets").AppendLine().AppendLine(Targets(results)).AppendLine();
        AppendFacts(page, "## Machine", results.Machine);
        AppendFacts(page, "## Versions and settings", results.Settings);
        AppendList(page, "## Skipped", results.Skipped);
        AppendList(page, "## Failed", results.Failed ?? []);
        page.AppendLine("## Figures");
        foreach (var measure in results.Figures.GroupBy(figures => (figures.Measure, figures.Unit, figures.IsMoreBetter)))
        {
            page.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"**{measure.Key.Measure}**, {measure.Key.Unit}, {(measure.Key.IsMoreBetter ? "more" : "less")} is better").AppendLine();
            page.AppendLine("| side | median (min–max) |").AppendLine("|---|---|");
            foreach (var figures in measure)
            {
                page.AppendLine(CultureInfo.InvariantCulture, $"| {figures.Side} | {Numbers.Text(Spread.Of(figures.Values))} |");
            }
        }

        return page.ToString();
    }

    public static string Targets(ResultsFile results)
    {
        var table = new StringBuilder();
        table.AppendLine("| what | ratio (min–max) | target | met |").Append("|---|---|---|---|");
        foreach (var ratio in results.Ratios)
        {
            table.AppendLine().Append(
                CultureInfo.InvariantCulture, $"| {ratio.Title} | {Numbers.Text(ratio.Spread)} | {(ratio.IsAtLeast ? "≥" : "≤")} {ratio.Bound:0.0} | {(ratio.IsMet ? "yes" : "**no**")} |");
        }

        return table.ToString();
    }

    private static void AppendList(StringBuilder page, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        page.AppendLine(title).AppendLine();
        foreach (var line in lines)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"- {line}");
        }

        page.AppendLine();
    }

    private static void AppendFacts(StringBuilder page, string title, IReadOnlyDictionary<string, string> facts)
    {
        page.AppendLine(title).AppendLine();
        foreach (var (name, value) in facts)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"- {name}: {value}");
        }

        page.AppendLine();
    }
}
