using OrleansStream.Grains;
using OrleansStream.Groups;

namespace OrleansStream.Client.Tests.Consuming.Fakes;

/// <summary>
/// A group of one member whose assignment the test decides. Everything that the member says is kept in one order, so that a
/// test can check the handshake.
/// </summary>
internal sealed class FakeGroup : IGroupGrain
{
    private readonly Lock _lock = new();
    private readonly List<string> _trace = [];
    private readonly List<(Func<HeartbeatRequest, bool> Condition, TaskCompletionSource Done)> _awaited = [];
    private AssignedPartition[] _assignment = [];
    private int _generation = 1;

    /// <summary>Committed offsets, by partition.</summary>
    public Dictionary<TopicPartition, Offset> Offsets { get; } = [];

    public List<JoinGroupRequest> Joins { get; } = [];

    public List<CommitRequest> Commits { get; } = [];

    public TimeSpan NextHeartbeat { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Answers joins instead of the group, when it returns something.</summary>
    public Func<JoinGroupRequest, MembershipResponse?>? OnJoin { get; set; }

    /// <summary>Answers heartbeats instead of the group, when it returns something.</summary>
    public Func<HeartbeatRequest, Task<MembershipResponse?>>? OnHeartbeat { get; set; }

    /// <summary>Answers commits instead of the group, when it returns something.</summary>
    public Func<CommitRequest, CommitResponse?>? OnCommit { get; set; }

    /// <summary>What happened, for example "commit orders-0@3", "owns orders-1", "leave"; a repeated heartbeat once.</summary>
    public IReadOnlyList<string> Trace
    {
        get
        {
            lock (_lock)
            {
                return [.. _trace];
            }
        }
    }

    /// <summary>Lets a test put its own events, callbacks for instance, into the trace.</summary>
    public void Note(string what)
    {
        lock (_lock)
        {
            if (_trace.LastOrDefault() != what)
            {
                _trace.Add(what);
            }
        }
    }

    public void Assign(params AssignedPartition[] assignment)
    {
        lock (_lock)
        {
            _assignment = assignment;
            _generation++;
        }
    }

    /// <summary>Completes with the first heartbeat from now on that names exactly these partitions.</summary>
    public Task WhenOwnedAsync(params TopicPartition[] partitions)
    {
        var wanted = partitions.ToHashSet();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _awaited.Add((request => wanted.SetEquals(request.Owned), done));
        }

        return done.Task.WaitAsync(Consumption.Patience);
    }

    public Task<MembershipResponse> JoinAsync(JoinGroupRequest request)
    {
        lock (_lock)
        {
            Joins.Add(request);
            _trace.Add("join");
        }

        return Task.FromResult(OnJoin?.Invoke(request) ?? Answer());
    }

    public async Task<MembershipResponse> HeartbeatAsync(HeartbeatRequest request)
    {
        Note($"owns {string.Join(' ', request.Owned.Select(p => $"{p}").Order())}".TrimEnd());
        lock (_lock)
        {
            _awaited.RemoveAll(x => x.Condition(request) && x.Done.TrySetResult());
        }

        return OnHeartbeat is { } instead && await instead(request) is { } other ? other : Answer();
    }

    public Task LeaveAsync(string memberId)
    {
        Note("leave");
        return Task.CompletedTask;
    }

    public Task<CommitResponse> CommitAsync(CommitRequest request)
    {
        lock (_lock)
        {
            Commits.Add(request);
            if (OnCommit?.Invoke(request) is { } other)
            {
                return Task.FromResult(other);
            }

            foreach (var offset in request.Offsets)
            {
                Offsets[offset.TopicPartition] = offset.Offset;
                _trace.Add($"commit {offset.TopicPartition}@{offset.Offset}");
            }
        }

        return Task.FromResult(new CommitResponse(ErrorCode.None));
    }

    public Task<CommittedOffset[]> FetchOffsetsAsync(TopicPartition[]? partitions)
    {
        lock (_lock)
        {
            return Task.FromResult<CommittedOffset[]>(
                [.. Offsets.Where(x => partitions is null || partitions.Contains(x.Key)).Select(x => new CommittedOffset(x.Key, x.Value, "", LeaderEpoch.None))]);
        }
    }

    public Task<CommitResponse> ResetOffsetsAsync(CommittedOffset[] offsets) => throw new NotSupportedException();

    public Task<GroupDescription> DescribeAsync() => throw new NotSupportedException();

    public Task DeleteAsync() => throw new NotSupportedException();

    public MembershipResponse Answer()
    {
        lock (_lock)
        {
            return new MembershipResponse(ErrorCode.None, new Generation(_generation), _assignment, NextHeartbeat);
        }
    }
}
