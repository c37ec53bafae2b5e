using OrleansStream.Groups;

namespace OrleansStream.Server.Groups;

/// <summary>One member, as its coordinator knows it. Times are those of the coordinator's monotonic clock.</summary>
internal sealed class GroupMembership
{
    public GroupMembership(JoinGroupRequest request)
    {
        MemberId = request.MemberId;
        InstanceId = request.InstanceId;
        Subscribe(request);
    }

    public string MemberId { get; }

    /// <summary>Set for a static member.</summary>
    public string? InstanceId { get; }

    /// <summary>The member whose place this static member took; it is fenced as long as this one lives.</summary>
    public string? Predecessor { get; init; }

    public string ClientId { get; private set; } = "";

    /// <summary>Without repetition, in ordinal order.</summary>
    public string[] Topics { get; private set; } = [];

    public TimeSpan SessionTimeout { get; private set; }

    public TimeSpan RebalanceTimeout { get; private set; }

    /// <summary>The highest sequence of the member's joins.</summary>
    public long JoinSequence { get; private set; }

    /// <summary>The generation that the member was last told; none since the coordinator was activated.</summary>
    public Generation Generation { get; set; } = Generation.None;

    /// <summary>When the member was last heard of.</summary>
    public TimeSpan LastHeard { get; set; }

    /// <summary>What the member shall own, by topic and number.</summary>
    public AssignedPartition[] Target { get; set; } = [];

    /// <summary>What the member was granted and has not let go of.</summary>
    public Dictionary<TopicPartition, Ownership> Owned { get; } = [];

    /// <summary>Takes over what a join says, unless a later one was here before it.</summary>
    public void Subscribe(JoinGroupRequest request)
    {
        if (request.Sequence != 0 && request.Sequence < JoinSequence)
        {
            return;
        }

        JoinSequence = Math.Max(JoinSequence, request.Sequence);
        ClientId = request.ClientId;
        SessionTimeout = request.SessionTimeout;
        RebalanceTimeout = request.RebalanceTimeout;
        Topics = [.. request.Topics.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
