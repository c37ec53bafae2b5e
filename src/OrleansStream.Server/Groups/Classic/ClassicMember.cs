using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>One member of a classic group, as its coordinator knows it. Times are those of the coordinator's monotonic clock.</summary>
internal sealed class ClassicMember(string memberId, string? instanceId)
{
    // Attempts whose place another one took; whoever repeats one of them is told to go.
    private const int SupersededAttempts = 4;

    private readonly Queue<Guid> _superseded = new();

    public string MemberId { get; } = memberId;

    /// <summary>Set for a static member.</summary>
    public string? InstanceId { get; } = instanceId;

    public string ClientId { get; private set; } = "";

    public string ClientHost { get; private set; } = "";

    public TimeSpan SessionTimeout { get; private set; }

    public TimeSpan RebalanceTimeout { get; private set; }

    /// <summary>The assignors it knows, the preferred one first.</summary>
    public ClassicProtocol[] Protocols { get; private set; } = [];

    /// <summary>What the leader gave it last.</summary>
    public byte[] Assignment { get; set; } = [];

    /// <summary>True from its join until the generation is complete.</summary>
    public bool IsJoining { get; set; }

    /// <summary>True once it asked for its assignment in this generation.</summary>
    public bool HasSynced { get; set; } = true;

    /// <summary>When the member was last heard of.</summary>
    public TimeSpan LastHeard { get; set; }

    /// <summary>The attempt to join that is under way, or that was answered last.</summary>
    public Guid Attempt { get; private set; }

    /// <summary>The answer to <see cref="Attempt"/>; null while it is under way.</summary>
    public ClassicJoinResponse? Joined { get; set; }

    /// <summary>Takes over what a join says.</summary>
    public void Update(ClassicJoinRequest request, TimeSpan now)
    {
        if (Attempt != default && Attempt != request.Attempt)
        {
            _superseded.Enqueue(Attempt);
            if (_superseded.Count > SupersededAttempts)
            {
                _superseded.Dequeue();
            }
        }

        (Attempt, Joined) = (request.Attempt, null);
        (ClientId, ClientHost) = (request.ClientId, request.ClientHost);
        (SessionTimeout, RebalanceTimeout) = (request.SessionTimeout, request.RebalanceTimeout);
        Protocols = request.Protocols;
        LastHeard = now;
    }

    /// <summary>Takes over what is stored.</summary>
    public void Restore(ClassicMemberDocument saved, TimeSpan lastHeard)
    {
        (ClientId, ClientHost) = (saved.ClientId, saved.ClientHost);
        SessionTimeout = TimeSpan.FromMilliseconds(saved.SessionTimeoutMs);
        RebalanceTimeout = TimeSpan.FromMilliseconds(saved.RebalanceTimeoutMs);
        Protocols = [.. saved.Protocols.Select(protocol => new ClassicProtocol(protocol.Name, protocol.Metadata))];
        Assignment = saved.Assignment;
        LastHeard = lastHeard;
    }

    public bool IsSuperseded(Guid attempt) => _superseded.Contains(attempt);

    public bool Knows(string protocol) => Array.Exists(Protocols, known => known.Name == protocol);

    /// <summary>Its subscription under an assignor; empty when it does not know it.</summary>
    public byte[] MetadataFor(string? protocol) => Array.Find(Protocols, known => known.Name == protocol)?.Metadata ?? [];

    /// <summary>Tells whether a join says what the last one said.</summary>
    public bool IsSame(ClassicProtocol[] protocols) =>
        protocols.Length == Protocols.Length
        && Protocols.Zip(protocols).All(pair => pair.First.Name == pair.Second.Name && pair.First.Metadata.AsSpan().SequenceEqual(pair.Second.Metadata));
}
