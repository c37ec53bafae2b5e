using OrleansStream.Groups;
using OrleansStream.Server.Groups;
using OrleansStream.Storage;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// A group with its members, and the network between them and its coordinators.
/// </summary>
internal sealed class SimulatedGroup
{
    private static readonly TimeSpan s_rough = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(32);

    private readonly SimulatedWorld _world;
    private readonly SortedDictionary<string, GroupTopic> _catalog = new(StringComparer.Ordinal);
    private readonly List<SimulatedMember> _members = [];
    private readonly SimulatedNetwork _network;
    private int _names;

    private SimulatedGroup(int seed)
    {
        _world = new SimulatedWorld(seed);
        Store = new SimulatedGroupStore(_world, Exists, Violated);
        foreach (var name in (string[])["alpha", "beta", "gamma"])
        {
            if (_catalog.Count == 0 || _world.Chance(0.5))
            {
                _catalog.Add(name, new GroupTopic(name, NewId(), _world.Random.Next(1, 9)));
            }
        }

        _network = new SimulatedNetwork(_world, Store, _catalog, new SimulatedNetwork.Odds(Loss: 0.05, Delay: 0.1, Repeat: 0.05));
        _world.At(TimeSpan.Zero, _network.Begin);
        for (var n = _world.Random.Next(1, 5); n > 0; n--)
        {
            AddMember();
        }
    }

    public SimulatedGroupStore Store { get; }

    private IEnumerable<SimulatedMember> Alive => _members.Where(member => member.IsAlive);

    /// <summary>Half a minute of trouble, then quiet, then a restart of the coordinator; checks what must hold in each.</summary>
    public static void Run(int seed)
    {
        var group = new SimulatedGroup(seed);
        try
        {
            group._world.After(TimeSpan.FromMilliseconds(500), group.MakeTrouble);
            group._world.RunUntil(s_rough);
            group._network.IsRough = group.Store.IsRough = false;
            group._world.RunUntil(s_rough + s_quiet);
            group.CheckConverged();
            group.CheckRestartMovesNothing();
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"Seed {seed}: {e.Message}\n{string.Join('\n', group._world.Trace.TakeLast(80))}");
        }
    }

    public void Violated(string what) => throw new InvalidOperationException($"at {_world.Now.TotalMilliseconds} ms: {what}");

    public void Join(JoinGroupRequest request, Action<MembershipResponse> receive) => _network.Send(
        coordinator => coordinator.AnswerAsync(
            Generation.None,
            c => Task.FromResult(c.Group.Join(request, coordinator.Look(request.Topics.Where(topic => !c.Group.Topics.ContainsKey(topic))), c.Now))),
        answer => receive(answer ?? TryAgain()));

    public void Heartbeat(HeartbeatRequest request, Action<MembershipResponse> receive) => _network.Send(
        coordinator => coordinator.AnswerAsync(request.Generation, c => Task.FromResult(c.Group.Heartbeat(request, c.Now))),
        answer => receive(answer ?? TryAgain()));

    public void Leave(string memberId) => _network.Send(
        coordinator => coordinator.AnswerAsync(
            Generation.None,
            c =>
            {
                c.Group.Leave(memberId);
                return Task.FromResult("left");
            }),
        _ => { });

    public void Commit(CommitRequest request, Action done) => _network.Send(
        coordinator => coordinator.AnswerAsync(
            request.Generation,
            async c =>
            {
                var decision = c.Group.Commit(request);
                if (decision.Error == ErrorCode.None)
                {
                    await c.Writer.CommitAsync(
                        [.. decision.Offsets.Select(pair => new StoredOffset(pair.Key, pair.Value.Offset, pair.Value.Metadata, pair.Value.LeaderEpoch, default))]);
                }

                return decision;
            }),
        _ => done());

    /// <summary>Invariant I7, as the members themselves see it.</summary>
    public void OnStart(SimulatedMember member, PartitionId partition)
    {
        if (Exists(partition) && Alive.FirstOrDefault(other => other != member && other.Owned.Contains(partition)) is { } other)
        {
            Violated($"{member.Id} begins {partition} while {other.Id} consumes it");
        }

        Store.LastStarted[partition] = member.Id;
    }

    private bool Exists(PartitionId partition) => _catalog.Values.Any(topic => topic.TopicId == partition.TopicId);

    private static MembershipResponse TryAgain() =>
        new(ErrorCode.CoordinatorLoadInProgress, Generation.None, [], GroupLimits.HeartbeatInterval);

    private void MakeTrouble()
    {
        if (!_network.IsRough)
        {
            return;
        }

        switch (_world.Random.Next(9))
        {
            case 0 or 1 when Alive.Count() < 6:
                AddMember();
                break;
            case 2 when Alive.Any():
                _world.Pick([.. Alive]).Leave();
                break;
            case 3 when Alive.Any():
                _world.Pick([.. Alive]).Crash();
                break;
            case 4:
                _network.ReplaceCoordinator();
                break;
            case 5:
                RestartStaticMember();
                break;
            case 6:
                ChangeTopics();
                break;
            case 7 when Alive.Any():
                _world.Pick([.. Alive]).Resubscribe(SomeTopics());
                break;
        }

        _world.After(_world.Milliseconds(100, 4000), MakeTrouble);
    }

    private void AddMember(string? instanceId = null)
    {
        instanceId ??= _world.Chance(0.3) ? $"static{_names}" : null;
        var member = new SimulatedMember(_world, this, $"m{_names++}", instanceId, SomeTopics());
        _world.Note($"{member.Id} {instanceId} begins with {string.Join(' ', member.Topics)}");
        _members.Add(member);
    }

    /// <summary>
    /// The process of a static member dies and comes back; not while a join of its first life may still be under way, since nobody
    /// could tell which of the two is the later one.
    /// </summary>
    private void RestartStaticMember()
    {
        if (Alive.LastOrDefault(member => member.InstanceId is not null && _world.Now - member.JoinSentAt > TimeSpan.FromSeconds(8)) is { } member)
        {
            member.Crash();
            AddMember(member.InstanceId);
        }
    }

    private void ChangeTopics()
    {
        var topic = _world.Pick([.. _catalog.Values]);
        if (_world.Chance(0.3))
        {
            _world.Note($"{topic.Name} is created anew");
            _catalog[topic.Name] = new GroupTopic(topic.Name, NewId(), _world.Random.Next(1, 9));
        }
        else
        {
            _world.Note($"{topic.Name} grows");
            _catalog[topic.Name] = topic with { PartitionCount = topic.PartitionCount + _world.Random.Next(1, 4) };
        }
    }

    private string[] SomeTopics()
    {
        string[] all = ["alpha", "beta", "gamma"];
        return _world.Chance(0.6) ? all : [_world.Pick(all), _world.Pick(all)];
    }

    private void CheckConverged()
    {
        var group = _network.Current.Group;
        if (!Alive.Any())
        {
            return;
        }

        if (group is null)
        {
            Violated("no coordinator in a quiet world");
        }

        Assert.Equal(Alive.Select(member => member.Id).Order(StringComparer.Ordinal), group!.Members.Select(member => member.MemberId));
        Assert.Equal(GroupState.Stable, group.State);
        foreach (var member in Alive)
        {
            var known = group.Members.Single(m => m.MemberId == member.Id);
            Assert.Equal(Ids(known.Target.Select(partition => partition.Partition)), Ids(member.Owned));
        }

        var subscribed = Alive.SelectMany(member => member.Topics).ToHashSet();
        var partitions = _catalog.Values.Where(topic => subscribed.Contains(topic.Name))
            .SelectMany(topic => Enumerable.Range(0, topic.PartitionCount).Select(n => new PartitionId(topic.TopicId, n)));
        Assert.Equal(Ids(partitions), Ids(Alive.SelectMany(member => member.Owned)));
        foreach (var equals in Alive.GroupBy(member => string.Join(' ', member.Topics.Where(_catalog.ContainsKey).Distinct().Order())))
        {
            Assert.InRange(equals.Max(member => member.Owned.Count) - equals.Min(member => member.Owned.Count), 0, 1);
        }
    }

    private void CheckRestartMovesNothing()
    {
        var before = Alive.ToDictionary(member => member.Id, member => Ids(member.Owned));
        var noted = _world.Trace.Count;
        var generation = _network.Current.Group?.Generation ?? new Generation(-1);
        _network.Current.Kill();
        _world.RunUntil(_world.Now + TimeSpan.FromSeconds(8));

        Assert.Equal(before, Alive.ToDictionary(member => member.Id, member => Ids(member.Owned)));
        Assert.Equal([], _world.Trace.Skip(noted));
        if (Alive.Any())
        {
            Assert.Equal(generation.Next(), _network.Current.Group!.Generation);
        }
    }

    private Guid NewId()
    {
        var bytes = new byte[16];
        _world.Random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static string[] Ids(IEnumerable<PartitionId> partitions) => [.. partitions.Select(partition => partition.ToString()).Order(StringComparer.Ordinal)];
}
