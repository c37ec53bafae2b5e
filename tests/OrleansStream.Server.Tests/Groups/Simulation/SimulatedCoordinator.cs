using OrleansStream.Server.Groups;
using OrleansStream.Server.Groups.Classic;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>One activation of the group's grain: the order of decide, store, answer is that of <see cref="GroupGrain"/>.</summary>
internal sealed class SimulatedCoordinator
{
    private readonly SimulatedWorld _world;
    private readonly IReadOnlyDictionary<string, GroupTopic> _catalog;
    private readonly Task<GroupCoordinator> _loading;
    private TimeSpan _refreshedAt;
    private GroupCoordinator? _loaded;

    public SimulatedCoordinator(SimulatedWorld world, SimulatedGroupStore store, IReadOnlyDictionary<string, GroupTopic> catalog)
    {
        _world = world;
        _catalog = catalog;
        _refreshedAt = world.Now;
        Assert.Same(world, SynchronizationContext.Current);
        _loading = GroupCoordinator.LoadAsync(store, new ClassicGroupOptions(), world.Time, "group");
        _world.After(GroupLimits.TickInterval, Tick);
    }

    public ClassicCalls Calls { get; } = new(_ => { }, () => false);

    public bool IsStopped { get; private set; }

    /// <summary>The group, for checks at the end; null while it is loading or once it stopped.</summary>
    public ConsumerGroup? Group => IsStopped ? null : _loaded?.Group;

    /// <summary>The same of classic members.</summary>
    public ClassicGroup? Classic => IsStopped ? null : _loaded?.Classic;

    /// <summary>Stops without a word, as a killed process does.</summary>
    public void Kill() => IsStopped = true;

    /// <returns>Null when the caller has to try again.</returns>
    public async Task<T?> AnswerAsync<T>(Generation told, Func<GroupCoordinator, Task<T>> decide)
        where T : class
    {
        try
        {
            var coordinator = _loaded = await _loading;
            if (IsStopped)
            {
                return null;
            }

            if (told > coordinator.Generation)
            {
                await coordinator.Writer.VerifyAsync();
            }

            var answer = await decide(coordinator);
            coordinator.Turns.Announce(coordinator.Classic.Turn);
            await coordinator.Writer.SaveAsync();
            return IsStopped ? null : answer;
        }
        catch (OrleansStreamException)
        {
            IsStopped = true;
            _loaded?.Turns.Wake();
            return null;
        }
    }

    public Dictionary<string, GroupTopic?> Look(IEnumerable<string> names) =>
        names.Distinct().ToDictionary(name => name, name => _catalog.GetValueOrDefault(name));

    private void Tick()
    {
        if (!IsStopped)
        {
            _ = TickAsync();
        }
    }

    private async Task TickAsync()
    {
        await AnswerAsync(Generation.None, coordinator =>
        {
            foreach (var member in coordinator.Group.Expire(coordinator.Now).Concat(coordinator.Classic.Expire(coordinator.Now)))
            {
                _world.Note($"{member} is expelled");
            }

            if (_world.Now - _refreshedAt >= GroupLimits.TopicRefreshInterval)
            {
                _refreshedAt = _world.Now;
                coordinator.Group.UpdateTopics(Look(coordinator.Group.Subscriptions));
            }

            return Task.FromResult("ticked");
        });
        _world.After(GroupLimits.TickInterval, Tick);
    }
}
