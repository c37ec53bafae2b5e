using OrleansStream.Groups;

namespace OrleansStream.Server.Tests.Groups.Simulation;

/// <summary>
/// A member that obeys the protocol: one membership call at a time, late answers ignored, nothing consumed once its lease or
/// the time to let go has run out. Everything else about it is rough: it is slow, it commits when it likes, its calls get lost.
/// </summary>
internal sealed class SimulatedMember
{
    private static readonly TimeSpan s_callTimeout = TimeSpan.FromSeconds(2);

    private readonly SimulatedWorld _world;
    private readonly SimulatedGroup _network;
    private readonly Dictionary<PartitionId, Consumption> _owned = [];
    private readonly Dictionary<PartitionId, long> _attempted = [];
    private Generation _generation = Generation.None;
    private TimeSpan _lease;
    private bool _isJoined;
    private int _call;
    private long _sequence;
    private long _joins;

    public SimulatedMember(SimulatedWorld world, SimulatedGroup network, string id, string? instanceId, string[] topics)
    {
        _world = world;
        _network = network;
        Id = id;
        InstanceId = instanceId;
        Topics = topics;
        SessionTimeout = world.Milliseconds(1000, 10_000);
        RebalanceTimeout = world.Milliseconds(1000, 10_000);
        world.After(TimeSpan.Zero, Call);
        world.After(TimeSpan.FromMilliseconds(100), CommitSometimes);
    }

    public string Id { get; }

    public string? InstanceId { get; }

    public string[] Topics { get; private set; }

    public TimeSpan SessionTimeout { get; }

    public TimeSpan RebalanceTimeout { get; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>When it last asked to be admitted.</summary>
    public TimeSpan JoinSentAt { get; private set; }

    /// <summary>What it consumes at this moment.</summary>
    public IReadOnlyCollection<PartitionId> Owned => _owned.Keys;

    /// <summary>The process dies.</summary>
    public void Crash()
    {
        _world.Note($"{Id} crashes");
        IsAlive = false;
        _owned.Clear();
    }

    /// <summary>The application closes its consumer; the goodbye may get lost like everything else.</summary>
    public void Leave()
    {
        _world.Note($"{Id} leaves");
        Commit();
        IsAlive = false;
        _owned.Clear();
        _network.Leave(Id);
    }

    public void Resubscribe(string[] topics)
    {
        _world.Note($"{Id} subscribes to {string.Join(' ', topics)}");
        Topics = topics;
        _isJoined = false;
    }

    private void Call()
    {
        if (!IsAlive)
        {
            return;
        }

        var call = ++_call;
        var sentAt = _world.Now;
        _world.After(s_callTimeout, () => Retry(call));
        if (_isJoined)
        {
            _network.Heartbeat(new HeartbeatRequest(Id, _generation, [.. _owned.Values.Select(c => c.Partition.TopicPartition)]), Receive);
        }
        else
        {
            JoinSentAt = sentAt;
            var topics = Topics;
            _network.Join(new JoinGroupRequest(Id, InstanceId, "", topics, SessionTimeout, RebalanceTimeout, ++_joins), answer =>
            {
                if (call == _call && answer.Error == ErrorCode.None)
                {
                    _isJoined = topics == Topics;
                    _generation = answer.Generation;
                }

                Receive(answer);
            });
        }

        void Receive(MembershipResponse answer)
        {
            if (IsAlive && call == _call)
            {
                _call++;
                OnAnswer(answer, sentAt);
            }
        }
    }

    private void Retry(int call)
    {
        if (call == _call)
        {
            _call++;
            Call();
        }
    }

    private void OnAnswer(MembershipResponse answer, TimeSpan sentAt)
    {
        switch (answer.Error)
        {
            case ErrorCode.None:
                _lease = sentAt;
                _world.At(sentAt + SessionTimeout, FenceMyself);
                if (answer.Generation >= _generation && _world.Now < sentAt + SessionTimeout)
                {
                    _generation = answer.Generation;
                    Apply(answer.Assignment, sentAt);
                }

                _world.After(answer.NextHeartbeat, Call);
                break;
            case ErrorCode.CoordinatorLoadInProgress:
                _world.After(TimeSpan.FromMilliseconds(100), Call);
                break;
            case ErrorCode.UnknownMemberId:
                _world.Note($"{Id} is told that it is unknown");
                _owned.Clear();
                _isJoined = false;
                _world.After(TimeSpan.Zero, Call);
                break;
            default:
                _network.Violated($"{Id} got {answer.Error}: {answer.Message}");
                break;
        }
    }

    private void Apply(AssignedPartition[] assignment, TimeSpan sentAt)
    {
        var assigned = assignment.Select(partition => partition.Partition).ToHashSet();
        foreach (var partition in assignment)
        {
            foreach (var gone in _owned.Values.Where(c => c.Partition.TopicPartition == partition.TopicPartition && c.Partition != partition).ToList())
            {
                _owned.Remove(gone.Partition.Partition);
            }

            if (_owned.TryGetValue(partition.Partition, out var consumption))
            {
                consumption.LetGoBy = null;
            }
            else
            {
                Start(partition);
            }
        }

        foreach (var consumption in _owned.Values.Where(c => c.LetGoBy is null && !assigned.Contains(c.Partition.Partition)).ToList())
        {
            var letGoBy = sentAt + RebalanceTimeout;
            consumption.LetGoBy = letGoBy;
            _world.At(letGoBy, () => Stop(consumption, letGoBy));
            if (_world.Chance(0.95))
            {
                _world.After(_world.Milliseconds(0, 500), () => CommitAndStop(consumption, letGoBy));
            }
        }
    }

    private void Start(AssignedPartition partition)
    {
        _world.Note($"{Id} starts {partition.TopicPartition} in generation {_generation}");
        _network.OnStart(this, partition.Partition);
        var position = Math.Max(_network.Store.ReadOffset(partition.Partition), _attempted.GetValueOrDefault(partition.Partition));
        _owned.Add(partition.Partition, new Consumption(partition) { Position = position });
    }

    private void CommitAndStop(Consumption consumption, TimeSpan letGoBy)
    {
        if (consumption.LetGoBy == letGoBy && _owned.GetValueOrDefault(consumption.Partition.Partition) == consumption)
        {
            Send([consumption], () => Stop(consumption, letGoBy));
        }
    }

    private void Stop(Consumption consumption, TimeSpan letGoBy)
    {
        if (consumption.LetGoBy == letGoBy && _owned.GetValueOrDefault(consumption.Partition.Partition) == consumption)
        {
            _world.Note($"{Id} stops {consumption.Partition.TopicPartition}");
            _owned.Remove(consumption.Partition.Partition);
        }
    }

    private void FenceMyself()
    {
        if (IsAlive && _world.Now >= _lease + SessionTimeout && _owned.Count > 0)
        {
            _world.Note($"{Id} heard nothing for its session and stops everything");
            _owned.Clear();
        }
    }

    private void CommitSometimes()
    {
        if (IsAlive)
        {
            Commit();
            _world.After(_world.Milliseconds(50, 1500), CommitSometimes);
        }
    }

    private void Commit()
    {
        if (_owned.Count > 0)
        {
            Send([.. _owned.Values.Where(_ => _world.Chance(0.7))], () => { });
        }
    }

    private void Send(List<Consumption> consumptions, Action done)
    {
        foreach (var consumption in consumptions)
        {
            consumption.Position += _world.Random.Next(0, 5);
            _attempted[consumption.Partition.Partition] = consumption.Position;
        }

        var offsets = consumptions.Select(c => new CommittedOffset(c.Partition.TopicPartition, new Offset(c.Position), Id, LeaderEpoch.None)).ToArray();
        _network.Commit(new CommitRequest(Id, _generation, offsets, ++_sequence), done);
    }

    private sealed class Consumption(AssignedPartition partition)
    {
        public AssignedPartition Partition { get; } = partition;

        public long Position { get; set; }

        /// <summary>Set while the partition is to be let go of.</summary>
        public TimeSpan? LetGoBy { get; set; }
    }
}
