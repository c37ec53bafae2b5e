using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// A Kafka client with its gateway, eager: it gives up everything before it joins again. What is told to it late is ignored; a join or
/// sync that got no answer is sent again; now and then its connection breaks, and it begins the join anew.
/// </summary>
internal sealed class SimulatedClassicMember
{
    private static readonly TimeSpan s_callTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(1);

    private readonly SimulatedWorld _world;
    private readonly SimulatedClassicGroup _network;
    private readonly bool _needsIdFirst;
    private readonly TimeSpan _session;
    private readonly TimeSpan _rebalance;
    private Generation _generation = Generation.None;
    private ClassicJoinRequest? _join;
    private int _call;
    private int _joins;
    private bool _isCommitting;

    public SimulatedClassicMember(SimulatedWorld world, SimulatedClassicGroup network, string name, string? instanceId)
    {
        _world = world;
        _network = network;
        Name = name;
        InstanceId = instanceId;
        _needsIdFirst = world.Chance(0.7);
        _session = world.Milliseconds(6000, 12_000);
        _rebalance = world.Milliseconds(5000, 15_000);
        world.After(TimeSpan.Zero, Join);
        world.After(TimeSpan.FromMilliseconds(100), CommitSometimes);
    }

    public string Name { get; }

    public string? InstanceId { get; }

    public string MemberId { get; private set; } = "";

    public bool IsAlive { get; private set; } = true;

    public Generation Generation => _generation;

    public IReadOnlyDictionary<int, long> Positions => _positions;

    private readonly Dictionary<int, long> _positions = [];

    public void Crash()
    {
        _world.Note($"{Name} crashes");
        Stop();
    }

    public void Leave()
    {
        _world.Note($"{Name} leaves");
        Stop();
        _network.Leave(MemberId, InstanceId);
    }

    private void Stop()
    {
        IsAlive = false;
        _call++;
        _positions.Clear();
    }

    /// <summary>Begins an attempt to join: the client's, not the gateway's repetition of it.</summary>
    private void Join()
    {
        _positions.Clear();
        _generation = Generation.None;
        _join = new ClassicJoinRequest(
            _network.NewId(),
            MemberId,
            $"{Name}-{_joins++}",
            InstanceId,
            Name,
            "",
            _session,
            _rebalance,
            "consumer",
            [new ClassicProtocol("eager", [1])],
            _needsIdFirst,
            MaySkipAssignment: false);
        SendJoin();
    }

    private void SendJoin() => Call<ClassicJoinResponse?>(
        receive => _network.Join(_join!, receive),
        response =>
        {
            if (response is null || response.IsPending)
            {
                After(TimeSpan.FromMilliseconds(1), _network.IsRough && _world.Chance(0.02) ? Join : SendJoin);
            }
            else if (response.Error == ErrorCode.None)
            {
                MemberId = response.MemberId;
                _generation = response.Generation;
                _world.Note($"{Name} is {MemberId} in generation {_generation}{(response.LeaderId == MemberId ? " and leads" : "")}");
                SendSync(response.LeaderId == MemberId ? _network.Assign([.. response.Members.Select(member => member.MemberId)]) : []);
            }
            else
            {
                OnError(response.Error, response.MemberId);
            }
        },
        SendJoin);

    private void SendSync(ClassicAssignment[] assignments) => Call<ClassicSyncResponse?>(
        receive => _network.Sync(new ClassicSyncRequest(MemberId, _generation, InstanceId, null, null, assignments), receive),
        response =>
        {
            if (response is null || response.IsPending)
            {
                After(TimeSpan.FromMilliseconds(1), () => SendSync(assignments));
            }
            else if (response.Error == ErrorCode.None)
            {
                foreach (var partition in response.Assignment)
                {
                    _network.OnStart(this, partition);
                    _positions.Add(partition, _network.ReadOffset(partition));
                }

                _world.Note($"{Name} consumes {string.Join(' ', response.Assignment)} in generation {_generation}");
                After(s_heartbeat, SendHeartbeat);
            }
            else
            {
                OnError(response.Error, MemberId);
            }
        },
        () => SendSync(assignments));

    private void SendHeartbeat() => Call<ErrorCode?>(
        receive => _network.Heartbeat(new ClassicIdentity(MemberId, _generation, InstanceId), receive),
        response =>
        {
            if (response is null or ErrorCode.None)
            {
                After(s_heartbeat, SendHeartbeat);
            }
            else
            {
                OnError(response.Value, MemberId);
            }
        },
        SendHeartbeat);

    private void OnError(ErrorCode error, string memberId)
    {
        _world.Note($"{Name} ({MemberId}) is told {error}");
        switch (error)
        {
            case ErrorCode.MemberIdRequired:
                MemberId = memberId;
                break;
            case ErrorCode.UnknownMemberId:
                MemberId = "";
                break;
            case ErrorCode.FencedInstanceId:
                Stop();
                return;
            case ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration:
                break;
            default:
                _network.Violated($"{Name} got {error}");
                break;
        }

        Join();
    }

    private void Call<T>(Action<Action<T>> send, Action<T> receive, Action again)
    {
        var call = ++_call;
        send(answer =>
        {
            if (IsAlive && call == _call)
            {
                _call++;
                receive(answer);
            }
        });
        _world.After(s_callTimeout, () =>
        {
            if (call == _call)
            {
                again();
            }
        });
    }

    private void After(TimeSpan delay, Action action)
    {
        var call = ++_call;
        _world.After(delay, () =>
        {
            if (call == _call)
            {
                action();
            }
        });
    }

    private void CommitSometimes()
    {
        if (!IsAlive)
        {
            return;
        }

        if (_positions.Count > 0 && !_isCommitting)
        {
            _isCommitting = true;
            foreach (var partition in _positions.Keys.ToList())
            {
                _positions[partition] += _world.Random.Next(0, 5);
            }

            _network.Commit(
                new ClassicIdentity(MemberId, _generation, InstanceId),
                _positions.Select(pair => (pair.Key, pair.Value)).ToList(),
                () => _isCommitting = false);
        }

        _world.After(_world.Milliseconds(50, 1500), CommitSometimes);
    }
}
