using System.Globalization;
using System.Text;
using OrleansStream.Chaos.Checking;
using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Reporting;

/// <summary>What is written about a run: what it was, what it lived through, what it showed.</summary>
internal static class ChaosReport
{
    private const int MaxAnomaliesPerKind = 5;
    private const int MaxReasons = 8;

    /// <summary>One line for the console.</summary>
    public static string Summary(ChaosOptions options, RunStatistics run, IReadOnlyList<Anomaly> anomalies)
    {
        var verdict = anomalies.Count == 0 ? "no anomaly" : $"ANOMALIES: {string.Join(", ", anomalies.GroupBy(a => a.Kind).Select(g => Text($"{g.Key} {g.Count()}")))}";
        var faults = run.Faults.Count(o => o.Outcome == Outcome.Invoke);
        return Text($"seed {options.Seed}: {run.Sent} sent, {run.Acknowledged} acknowledged, {run.InDoubt} in doubt, {run.Read} read, {run.Takeovers} takeovers, {faults} faults; longest silence {Seconds(run.LongestSilence.Length)}; {verdict}");
    }

    /// <summary>The whole report, in Markdown.</summary>
    /// <param name="options">What was run.</param>
    /// <param name="run">What it lived through.</param>
    /// <param name="anomalies">What it showed.</param>
    /// <param name="unavailable">The faults that could not be had, with the reasons.</param>
    public static string Write(ChaosOptions options, RunStatistics run, IReadOnlyList<Anomaly> anomalies, IReadOnlyList<string> unavailable)
    {
        var text = new StringBuilder();
        var verdict = anomalies.Count == 0 ? "**No anomaly.**" : Text($"**{anomalies.Count} anomalies.**");
        text.AppendLine(Text($"# Chaos run, seed {options.Seed}")).AppendLine();
        text.AppendLine(Text($"{verdict} Storage: {options.Storage}; {options.Silos} silos, {options.Partitions} partitions; things broke for {Seconds(options.Duration)} of {Seconds(run.Lasted)}."));
        text.AppendLine();
        WriteCounts(text, run);
        text.AppendLine();
        text.AppendLine(Text($"Without any acknowledgement for at most {Seconds(run.LongestSilence.Length)} (from {Seconds(run.LongestSilence.From)}); the slowest acknowledged record took {Seconds(run.LongestSend)}."));
        text.AppendLine().AppendLine("| partition | longest without an acknowledgement | from |").AppendLine("|---|---|---|");
        foreach (var (partition, silence) in run.SilenceByPartition)
        {
            text.AppendLine(Text($"| {partition} | {Seconds(silence.Length)} | {Seconds(silence.From)} |"));
        }

        WriteSection(text, "Anomalies", anomalies.GroupBy(a => a.Kind).SelectMany(Describe));
        WriteSection(text, "What the nemesis did", run.Faults.Select(o => Text($"- {o.Micros / 1e6:0.0} s: {(o.Outcome == Outcome.Invoke ? "**begins** " : "")}{o.Note}")));
        WriteSection(text, "Not possible here", unavailable.Select(line => $"- {line}"));
        WriteSection(text, "Why records were in doubt", Reasons(run.DoubtReasons));
        WriteSection(text, "What consumers were told", Reasons(run.ReadErrors));
        WriteSection(text, "Why commits were in doubt", Reasons(run.CommitErrors));
        return text.ToString();
    }

    private static void WriteCounts(StringBuilder text, RunStatistics run)
    {
        (string What, long Count)[] rows =
        [
            ("records sent", run.Sent),
            ("acknowledged", run.Acknowledged),
            ("refused for good", run.Refused),
            ("in doubt (not acknowledged in time)", run.InDoubt),
            ("reads of records", run.Read),
            ("records read at the end", run.ReadAtTheEnd),
            ("commits", run.Commits),
            ("members of the group", run.Members),
            ("assignments in the group", run.Assignments),
            ("takeovers of partitions, as seen in the records", run.Takeovers),
            ("silos killed", run.CountFaults("kill: silo-") / 2),
            ("silos stopped gracefully", run.CountFaults(" stopped") - run.CountFaults("PostgreSQL stopped")),
            ("silos frozen", run.CountFaults(" frozen")),
            ("silos added and removed", run.CountFaults("scale: ") / 3),
            ("silos that had to be killed because they did not stop", run.CountFaults("was killed")),
            ("silos that ended by themselves, declared dead", run.CountFaults("had ended by itself")),
            ("PostgreSQL stopped", run.CountFaults("PostgreSQL stopped")),
            ("PostgreSQL killed", run.CountFaults("PostgreSQL killed")),
            ("failovers to the standby", run.CountFaults("standby promoted")),
            ("log database hung", run.CountFaults("log database hangs")),
            ("log database shut down", run.CountFaults("log database shut down")),
            ("log database killed", run.CountFaults("log database killed")),
            ("link cuts", run.CountFaults(" isolated", "cut off")),
            ("faults that failed themselves", run.Faults.Count(o => o.Outcome == Outcome.Info)),
        ];
        text.AppendLine("| what | how many |").AppendLine("|---|---|");
        foreach (var (what, count) in rows)
        {
            text.AppendLine(Text($"| {what} | {count} |"));
        }
    }

    private static void WriteSection(StringBuilder text, string title, IEnumerable<string> lines)
    {
        var all = lines.ToArray();
        if (all.Length > 0)
        {
            text.AppendLine().AppendLine(Text($"## {title}")).AppendLine();
            text.AppendJoin('\n', all).AppendLine();
        }
    }

    private static IEnumerable<string> Describe(IGrouping<AnomalyKind, Anomaly> anomalies)
    {
        yield return Text($"### {anomalies.Key}: {anomalies.Count()}\n");
        foreach (var anomaly in anomalies.Take(MaxAnomaliesPerKind))
        {
            yield return anomaly.Partition < 0 ? $"- {anomaly.Message}" : Text($"- Partition {anomaly.Partition}: {anomaly.Message}");
            foreach (var operation in anomaly.Evidence)
            {
                yield return $"  - `{operation}`";
            }
        }
    }

    private static IEnumerable<string> Reasons(IReadOnlyList<(string Reason, int Count)> reasons) =>
        reasons.Take(MaxReasons).Select(reason => Text($"- {reason.Count} times, as in: {reason.Reason.ReplaceLineEndings(" ")}"));

    private static string Seconds(TimeSpan time) => Text($"{time.TotalSeconds:0.00} s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
