using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// Virtual time, a queue of events and one thread: a run is a function of its seed. Awaits inside the code under test come
/// back through this context, in the order in which they were completed.
/// </summary>
internal sealed class SimulatedWorld : SynchronizationContext
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _continuations = new();
    private long _order;

    public SimulatedWorld(int seed) => Random = new Random(seed);

    public Random Random { get; }

    public FakeTimeProvider Time { get; } = new();

    public TimeSpan Now { get; private set; }

    /// <summary>What happened, for the message of a run that failed.</summary>
    public List<string> Trace { get; } = [];

    public void Note(string what) => Trace.Add($"{Now.TotalMilliseconds,8:F0} {what}");

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public TimeSpan Milliseconds(int from, int to) => TimeSpan.FromMilliseconds(Random.Next(from, to));

    public T Pick<T>(IReadOnlyList<T> list) => list[Random.Next(list.Count)];

    public void At(TimeSpan at, Action action) => _events.Enqueue(action, (at < Now ? Now : at, _order++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    public override void Post(SendOrPostCallback d, object? state) => _continuations.Enqueue((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    /// <summary>Lets time pass, with everything that happens in it.</summary>
    public void RunUntil(TimeSpan end)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            while (_events.TryPeek(out _, out var next) && next.At <= end)
            {
                Advance(next.At);
                _events.Dequeue()();
                while (_continuations.TryDequeue(out var continuation))
                {
                    continuation.Callback(continuation.State);
                }
            }

            Advance(end);
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private void Advance(TimeSpan to)
    {
        Time.Advance(to - Now);
        Now = to;
    }
}
