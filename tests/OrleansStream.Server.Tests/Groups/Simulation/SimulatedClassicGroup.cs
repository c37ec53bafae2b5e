using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Storage;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// A group of Kafka clients, and the network between them and its coordinators.
/// </summary>
internal sealed class SimulatedClassicGroup
{
    private const int Partitions = 7;

    private static readonly Guid s_topic = new("00000000-0000-0000-0000-000000000001");
    private static readonly TimeSpan s_rough = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(90);

    private readonly SimulatedWorld _world;
    private readonly SimulatedGroupStore _store;
    private readonly List<SimulatedClassicMember> _members = [];
    private readonly SimulatedNetwork _network;
    private readonly Dictionary<(int Generation, int Partition), string> _owners = [];
    private readonly Dictionary<int, int> _startedIn = [];
    private readonly Dictionary<string, GroupTopic> _catalog = [];
    private int _names;

    private SimulatedClassicGroup(int seed)
    {
        _world = new SimulatedWorld(seed);
        _store = new SimulatedGroupStore(_world, _ => true, Violated);
        _network = new SimulatedNetwork(_world, _store, _catalog, new SimulatedNetwork.Odds(Loss: 0.03, Delay: 0.05));
        _world.At(TimeSpan.Zero, _network.Begin);
        for (var n = _world.Random.Next(1, 5); n > 0; n--)
        {
            AddMember();
        }
    }

    public bool IsRough => _network.IsRough;

    private IEnumerable<SimulatedClassicMember> Alive => _members.Where(member => member.IsAlive);

    /// <summary>A minute of trouble, then quiet, then a restart of the coordinator; checks what must hold in each.</summary>
    public static void Run(int seed)
    {
        var group = new SimulatedClassicGroup(seed);
        try
        {
            group._world.After(TimeSpan.FromMilliseconds(500), group.MakeTrouble);
            group._world.RunUntil(s_rough);
            group._network.IsRough = group._store.IsRough = false;
            group._world.RunUntil(s_rough + s_quiet);
            group.CheckConverged();
            group.CheckRestartIsNotNoticed();
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"Seed {seed}: {e.Message}\n{string.Join('\n', group._world.Trace.TakeLast(80))}");
        }
    }

    public void Violated(string what) => throw new InvalidOperationException($"at {_world.Now.TotalMilliseconds} ms: {what}");

    public Guid NewId()
    {
        var bytes = new byte[16];
        _world.Random.NextBytes(bytes);
        return new Guid(bytes);
    }

    public void Join(ClassicJoinRequest request, Action<ClassicJoinResponse?> receive) => _network.Send(
        coordinator => coordinator.AnswerAsync(Generation.None, c => coordinator.Calls.JoinAsync(c, request)), receive);

    public void Sync(ClassicSyncRequest request, Action<ClassicSyncResponse?> receive) => _network.Send(
        coordinator => coordinator.AnswerAsync(Generation.None, c => coordinator.Calls.SyncAsync(c, request)), receive);

    public void Heartbeat(ClassicIdentity member, Action<ErrorCode?> receive) => _network.Send(
        coordinator => coordinator.AnswerAsync<object>(Generation.None, async c => await ClassicCalls.HeartbeatAsync(c, member)),
        answer => receive((ErrorCode?)answer));

    public void Leave(string memberId, string? instanceId) => _network.Send(
        coordinator => coordinator.AnswerAsync(
            Generation.None, c => ClassicCalls.LeaveAsync(c, [new ClassicLeaver(memberId, instanceId)])),
        _ => { });

    /// <summary>A commit arrives once and is answered, whatever the answer: a client sends its next one after it.</summary>
    public void Commit(ClassicIdentity member, List<(int Partition, long Offset)> offsets, Action done)
    {
        var coordinator = _network.Route();
        _world.After(_network.Delay(), () => _ = CommitAsync());

        async Task CommitAsync()
        {
            await coordinator.AnswerAsync<object>(Generation.None, async c =>
            {
                await ClassicCalls.VerifyAsync(c, member);
                var error = ClassicCalls.CheckCommit(c, member);
                if (error == ErrorCode.None)
                {
                    await c.Writer.CommitAsync(
                        [.. offsets.Select(offset => new StoredOffset(Id(offset.Partition), new Offset(offset.Offset), Owner(member.MemberId, member.InstanceId), LeaderEpoch.None, default))]);
                }

                return error;
            });
            _world.After(_network.Delay(), done);
        }
    }

    public long ReadOffset(int partition) => _store.ReadOffset(Id(partition));

    /// <summary>What a leader decides: everything, evenly.</summary>
    public ClassicAssignment[] Assign(string[] members) =>
    [
        .. members.Select((member, at) => new ClassicAssignment(
            member, [.. Enumerable.Range(0, Partitions).Where(partition => partition % members.Length == at).Select(partition => (byte)partition)])),
    ];

    /// <summary>Invariant I7: one owner per partition and generation; a static member's next life is the same owner.</summary>
    public void OnStart(SimulatedClassicMember member, int partition)
    {
        var owner = Owner(member.MemberId, member.InstanceId);
        if (_owners.TryGetValue((member.Generation.Value, partition), out var other) && other != owner)
        {
            Violated($"{member.Name} owns {partition} in generation {member.Generation}, and so does {other}");
        }

        _owners[(member.Generation.Value, partition)] = owner;
        if (member.Generation.Value >= _startedIn.GetValueOrDefault(partition))
        {
            _startedIn[partition] = member.Generation.Value;
            _store.LastStarted[Id(partition)] = owner;
        }
    }

    private static string Owner(string memberId, string? instanceId) => instanceId ?? memberId;

    private static PartitionId Id(int partition) => new(s_topic, partition);

    private void MakeTrouble()
    {
        if (!IsRough)
        {
            return;
        }

        switch (_world.Random.Next(7))
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
            case 5 when Alive.LastOrDefault(member => member.InstanceId is not null) is { } member:
                member.Crash();
                AddMember(member.InstanceId);
                break;
        }

        _world.After(_world.Milliseconds(100, 8000), MakeTrouble);
    }

    private void AddMember(string? instanceId = null)
    {
        instanceId ??= _world.Chance(0.3) ? $"static{_names}" : null;
        var member = new SimulatedClassicMember(_world, this, $"m{_names++}", instanceId);
        _world.Note($"{member.Name} {instanceId} begins");
        _members.Add(member);
    }

    private void CheckConverged()
    {
        if (!Alive.Any())
        {
            return;
        }

        var group = _network.Current.Classic;
        Assert.NotNull(group);
        Assert.Equal(GroupState.Stable, group.State);
        Assert.Equal(Alive.Select(member => member.MemberId).Order(StringComparer.Ordinal), group.Members.Select(member => member.MemberId));
        Assert.All(Alive, member => Assert.Equal(group.Generation, member.Generation));
        Assert.Equal(Enumerable.Range(0, Partitions), Alive.SelectMany(member => member.Positions.Keys).Order());
    }

    private void CheckRestartIsNotNoticed()
    {
        var noted = _world.Trace.Count;
        _network.Current.Kill();
        _world.RunUntil(_world.Now + TimeSpan.FromSeconds(20));

        Assert.Equal([], _world.Trace.Skip(noted));
        CheckConverged();
    }
}
