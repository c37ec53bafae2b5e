using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansStream.Benchmarks.Peers.Results;

/// <summary>One side's figures of one measure, in the order of the rounds.</summary>
internal sealed record Figures(string Measure, string Unit, bool IsMoreBetter, string Side, double[] Values);

/// <summary>Ours divided by theirs, round by round.</summary>
internal sealed record Ratio(string Title, string Measure, string Ours, string Theirs, double Bound, bool IsAtLeast, double[] Values, double Median, double Min, double Max, bool IsMet)
{
    [JsonIgnore]
    public Spread Spread => new(Median, Min, Max);
}

/// <summary>A whole run, as it is written to <c>results.json</c> and, for people, to <c>RESULTS.md</c>.</summary>
internal sealed record ResultsFile(
    DateTimeOffset At,
    int Rounds,
    IReadOnlyDictionary<string, string> Machine,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<string> Skipped,
    IReadOnlyList<string>? Failed,
    IReadOnlyList<Ratio> Ratios,
    IReadOnlyList<Figures> Figures)
{
    public const string FileName = "results.json";
    public const string PageName = "RESULTS.md";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static ResultsFile Of(
        Samples samples, IReadOnlyDictionary<string, string> machine, IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> skipped, IReadOnlyList<string> failed, int rounds) => new(
        TimeProvider.System.GetUtcNow(),
        rounds,
        machine,
        settings,
        skipped,
        failed,
        [.. Targets.All.Select(target => RatioOf(samples, target)).OfType<Ratio>()],
        [.. from measure in samples.Measures
            from side in samples.Sides(measure.Name)
            select new Figures(measure.Name, measure.Unit, measure.IsMoreBetter, side, [.. samples.Of(measure.Name, side).Values])]);

    public static async Task<ResultsFile> ReadAsync(string path)
    {
        await using var file = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync<ResultsFile>(file, s_json) ?? throw new InvalidDataException($"{path} holds no results.");
    }

    public async Task WriteAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, s_json) + "\n");
        await File.WriteAllTextAsync(Path.Combine(folder, PageName), ResultsPage.Of(this));
    }

    public string TargetTable() => ResultsPage.Targets(this);

    private static Ratio? RatioOf(Samples samples, Target target)
    {
        var theirs = samples.Of(target.Measure.Name, target.Theirs);
        var values = samples.Of(target.Measure.Name, target.Ours)
            .Where(ours => theirs.ContainsKey(ours.Key))
            .Select(ours => ours.Value / theirs[ours.Key])
            .ToArray();
        if (values.Length == 0)
        {
            return null;
        }

        var spread = Spread.Of(values);
        return new Ratio(
            target.Title, target.Measure.Name, target.Ours, target.Theirs, target.Bound, target.IsAtLeast,
            values, spread.Median, spread.Min, spread.Max, target.IsMet(spread.Median));
    }
}
