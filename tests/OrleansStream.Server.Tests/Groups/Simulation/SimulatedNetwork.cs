using OrleansStream.Server.Groups;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// The coordinators of a group — a replaced one goes on answering until it notices — and the calls to them, which get lost, repeated,
/// delayed and reordered while it is rough.
/// </summary>
internal sealed class SimulatedNetwork(
    SimulatedWorld world, SimulatedGroupStore store, IReadOnlyDictionary<string, GroupTopic> catalog, SimulatedNetwork.Odds odds)
{
    private readonly List<SimulatedCoordinator> _replaced = [];

    public bool IsRough { get; set; } = true;

    /// <summary>The coordinator that is meant to be the only one.</summary>
    public SimulatedCoordinator Current { get; private set; } = null!;

    /// <summary>Makes the first coordinator; as an event of the world, so that what it awaits comes back through that.</summary>
    public void Begin() => Current = NewCoordinator();

    /// <summary>A call: the request may get lost, arrive late and arrive twice; so may the answer get lost or be late.</summary>
    public void Send<T>(Func<SimulatedCoordinator, Task<T?>> handle, Action<T?> receive)
        where T : class
    {
        if (!Lost())
        {
            world.After(Delay(), () => _ = DeliverAsync(receive));
        }

        if (IsRough && odds.Repeat > 0 && world.Chance(odds.Repeat))
        {
            world.After(world.Milliseconds(0, 4000), () => _ = DeliverAsync(_ => { }));
        }

        async Task DeliverAsync(Action<T?> answerTo)
        {
            try
            {
                var answer = await handle(Route());
                if (!Lost())
                {
                    world.After(Delay(), () => answerTo(answer));
                }
            }
            catch (Exception e)
            {
                world.After(TimeSpan.Zero, () => throw new InvalidOperationException(e.ToString()));
            }
        }
    }

    /// <summary>The coordinator that a call reaches now.</summary>
    public SimulatedCoordinator Route()
    {
        _replaced.RemoveAll(coordinator => coordinator.IsStopped);
        if (IsRough && _replaced.Count > 0 && world.Chance(0.4))
        {
            return world.Pick(_replaced);
        }

        if (Current.IsStopped)
        {
            Current = NewCoordinator();
        }

        return Current;
    }

    /// <summary>How long a message is under way.</summary>
    public TimeSpan Delay() => IsRough && world.Chance(odds.Delay) ? world.Milliseconds(1, 3000) : world.Milliseconds(1, 20);

    public void ReplaceCoordinator()
    {
        if (world.Chance(0.5))
        {
            world.Note("the coordinator is replaced and does not know it");
            _replaced.Add(Current);
        }
        else
        {
            world.Note("the coordinator is killed");
            Current.Kill();
        }

        Current = NewCoordinator();
    }

    private SimulatedCoordinator NewCoordinator() => new(world, store, catalog);

    private bool Lost() => IsRough && world.Chance(odds.Loss);

    /// <summary>How likely trouble is, for each message.</summary>
    /// <param name="Loss">It gets lost.</param>
    /// <param name="Delay">It takes up to three seconds.</param>
    /// <param name="Repeat">The request arrives a second time.</param>
    public sealed record Odds(double Loss, double Delay, double Repeat = 0);
}
