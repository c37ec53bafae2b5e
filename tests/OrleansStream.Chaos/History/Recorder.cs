using System.Diagnostics;

namespace OrleansStream.Chaos.History;

/// <summary>
/// Takes down what happens, in memory and in a file. Safe for concurrent use: the lines are in the order of the calls, so an
/// operation that is recorded as begun after another was recorded as ended did begin after it.
/// </summary>
public sealed class Recorder : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Operation> _operations = [];
    private readonly StreamWriter? _file;
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _calls;

    /// <summary>Begins a history.</summary>
    /// <param name="path">Its file; null to keep it in memory only.</param>
    public Recorder(string? path)
    {
        _file = path is null ? null : new StreamWriter(path, append: false);
    }

    /// <summary>How long the run has lasted.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>The number that joins the two lines of the next operation.</summary>
    public long NextCall() => Interlocked.Increment(ref _calls);

    /// <summary>Adds a line; its index and time are set here.</summary>
    public void Record(Operation operation)
    {
        lock (_lock)
        {
            var line = operation with { Index = _operations.Count, Micros = (long)Elapsed.TotalMicroseconds };
            _operations.Add(line);
            _file?.WriteLine(HistoryFile.Line(line));
        }
    }

    /// <summary>Adds a line about the run itself.</summary>
    public void Note(OperationKind kind, string note, Outcome outcome = Outcome.Ok, string process = "nemesis") =>
        Record(new Operation { Process = process, Kind = kind, Outcome = outcome, Note = note });

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<Operation> Snapshot()
    {
        lock (_lock)
        {
            return [.. _operations];
        }
    }

    /// <summary>The lines from a number on, which becomes that of the next line.</summary>
    public IReadOnlyList<Operation> From(ref int index)
    {
        lock (_lock)
        {
            var lines = _operations.GetRange(index, _operations.Count - index);
            index = _operations.Count;
            return lines;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
        }
    }
}
