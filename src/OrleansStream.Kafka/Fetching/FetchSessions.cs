using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Fetching;

/// <summary>
/// The fetch sessions of this silo. When there is no room for another, that which has not been used for longest goes, if that is two minutes or
/// more; otherwise the client gets none and names all its partitions every time. Safe for concurrent use.
/// </summary>
internal sealed class FetchSessions(IOptions<KafkaOptions> options, TimeProvider time)
{
    private const int NoSession = 0;
    private const int FinalEpoch = -1;
    private const int InitialEpoch = 0;

    /// <summary>The most partitions of all sessions together.</summary>
    private const int MaxPartitions = 1_000_000;

    private static readonly TimeSpan s_minIdle = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, LinkedListNode<Entry>> _sessions = [];
    private readonly LinkedList<Entry> _byUse = [];
    private readonly Random _ids = new(unchecked((int)time.GetTimestamp()));
    private int _partitions;

    /// <summary>Takes over what a fetch says about its session.</summary>
    /// <returns>A session; nothing for a fetch without one; or an error.</returns>
    public (FetchSession? Session, KafkaError? Error, bool IsNew) Begin(FetchRequest request, bool usesIds)
    {
        lock (_lock)
        {
            if (request.SessionEpoch is InitialEpoch or FinalEpoch)
            {
                Remove(request.SessionId);
                return request.SessionEpoch == InitialEpoch && request.SessionId >= 0 ? (Create(request, usesIds), null, true) : (null, null, false);
            }

            if (request.SessionId == NoSession || !_sessions.TryGetValue(request.SessionId, out var node))
            {
                return (null, KafkaError.FetchSessionIdNotFound, false);
            }

            var session = node.Value.Session;
            if (session.UsesIds != usesIds)
            {
                return (null, KafkaError.FetchSessionTopicIdError, false);
            }

            if (session.NextEpoch != request.SessionEpoch || node.Value.IsBusy)
            {
                return (null, KafkaError.InvalidFetchSessionEpoch, false);
            }

            node.Value.IsBusy = true;
            Touch(node);
            var before = session.Count;
            Update(session, request);
            _partitions += session.Count - before;
            session.Advance();
            return (session, null, false);
        }
    }

    /// <summary>The answer is made; the next fetch of the session may come.</summary>
    public void End(FetchSession session)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(session.Id, out var node))
            {
                node.Value.IsBusy = false;
                Touch(node);
            }
        }
    }

    private FetchSession? Create(FetchRequest request, bool usesIds)
    {
        if (request.Topics.Length == 0 || !MakeRoom(request.Topics.Sum(topic => topic.Partitions.Length)))
        {
            return null;
        }

        int id;
        do
        {
            id = _ids.Next(1, int.MaxValue);
        }
        while (_sessions.ContainsKey(id));

        var session = new FetchSession(id, usesIds);
        Update(session, request);
        _partitions += session.Count;
        _sessions[id] = _byUse.AddFirst(new Entry(session) { LastUse = time.GetTimestamp(), IsBusy = true });
        return session;
    }

    private bool MakeRoom(int partitions)
    {
        while (_sessions.Count >= options.Value.MaxFetchSessions || _partitions + partitions > MaxPartitions)
        {
            if (_byUse.Last is not { } oldest || oldest.Value.IsBusy || time.GetElapsedTime(oldest.Value.LastUse) < s_minIdle)
            {
                return false;
            }

            Remove(oldest.Value.Session.Id);
        }

        return true;
    }

    private void Remove(int id)
    {
        if (_sessions.Remove(id, out var node))
        {
            _byUse.Remove(node);
            _partitions -= node.Value.Session.Count;
        }
    }

    private void Touch(LinkedListNode<Entry> node)
    {
        node.Value.LastUse = time.GetTimestamp();
        _byUse.Remove(node);
        _byUse.AddFirst(node);
    }

    private static void Update(FetchSession session, FetchRequest request)
    {
        foreach (var topic in request.ForgottenTopics)
        {
            foreach (var partition in topic.Partitions)
            {
                session.Forget(new FetchKey(topic.Name, topic.TopicId, partition));
            }
        }

        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                session.Update(new FetchKey(topic.Name, topic.TopicId, partition.Partition), partition);
            }
        }
    }

    private sealed class Entry(FetchSession session)
    {
        public FetchSession Session => session;

        public long LastUse { get; set; }

        /// <summary>A fetch of the session is being answered.</summary>
        public bool IsBusy { get; set; }
    }
}
