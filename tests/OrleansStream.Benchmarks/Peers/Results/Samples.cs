namespace OrleansStream.Benchmarks.Peers.Results;

/// <summary>What is measured, in which unit, and which way is better.</summary>
internal sealed record Measure(string Name, string Unit, bool IsMoreBetter);

/// <summary>The figures of all rounds, by measure and side; one figure per round at most.</summary>
internal sealed class Samples
{
    private readonly Dictionary<(string Measure, string Side), SortedDictionary<int, double>> _values = [];
    private readonly List<Measure> _measures = [];

    /// <summary>Measures in the order of their first figure.</summary>
    public IReadOnlyList<Measure> Measures => _measures;

    /// <summary>Called with every figure that comes in.</summary>
    public Action<Measure, string, double>? OnAdded { get; set; }

    public void Add(Measure measure, string side, int round, double value)
    {
        if (!_measures.Contains(measure))
        {
            _measures.Add(measure);
        }

        if (!_values.TryGetValue((measure.Name, side), out var rounds))
        {
            _values[(measure.Name, side)] = rounds = [];
        }

        rounds[round] = value;
        OnAdded?.Invoke(measure, side, value);
    }

    /// <summary>The sides that have figures of a measure, in the order they came.</summary>
    public IEnumerable<string> Sides(string measure) => _values.Keys.Where(key => key.Measure == measure).Select(key => key.Side);

    /// <summary>Figures by round; empty when there are none.</summary>
    public IReadOnlyDictionary<int, double> Of(string measure, string side) =>
        _values.TryGetValue((measure, side), out var rounds) ? rounds : new SortedDictionary<int, double>();
}

/// <summary>A median and how far the figures lie apart.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Of one figure at least.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return new Spread(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }
}
