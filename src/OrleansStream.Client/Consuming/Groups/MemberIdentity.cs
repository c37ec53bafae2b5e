namespace OrleansStream.Client.Consuming.Groups;

/// <summary>Who the consumer is to its group at the moment. The membership writes it, commits read it. Safe for concurrent use.</summary>
internal sealed class MemberIdentity
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _asked = NewSource();
    private TaskCompletionSource _told = NewSource();
    private (string MemberId, Generation Generation) _current = ("", Generation.None);

    /// <summary>An empty id while the consumer is no member.</summary>
    public (string MemberId, Generation Generation) Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>Completes when somebody wants a heartbeat now.</summary>
    public Task WhenAsked
    {
        get
        {
            lock (_lock)
            {
                return _asked.Task;
            }
        }
    }

    /// <summary>Wants a heartbeat now.</summary>
    public void Ask()
    {
        lock (_lock)
        {
            _asked.TrySetResult();
        }
    }

    /// <summary>A heartbeat is about to be sent: what is asked for from now on needs another one.</summary>
    public void Answering()
    {
        lock (_lock)
        {
            if (_asked.Task.IsCompleted)
            {
                _asked = NewSource();
            }
        }
    }

    /// <summary>The group answered.</summary>
    public void Tell(string memberId, Generation generation)
    {
        TaskCompletionSource told;
        lock (_lock)
        {
            _current = (memberId, generation);
            told = _told;
            _told = NewSource();
        }

        told.TrySetResult();
    }

    /// <summary>Asks the group anew, and completes when it has answered.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken)
    {
        Task told;
        lock (_lock)
        {
            told = _told.Task;
            _asked.TrySetResult();
        }

        return told.WaitAsync(cancellationToken);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
