using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Client.Hosting;

/// <summary>
/// What a loop's handler is working on, so that it can be cancelled when that no longer counts. The loop begins and ends; anybody
/// may cancel.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The sources have no timer and no wait handle.")]
internal sealed class RunningHandler
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _cancellation;
    private TopicPartition _partition;
    private bool _isCancelledForGood;

    /// <summary>A handler begins; the token is for it alone, since it may leave registrations behind.</summary>
    public CancellationToken Begin(TopicPartition partition)
    {
        lock (_lock)
        {
            _partition = partition;
            _cancellation = new CancellationTokenSource();
            if (_isCancelledForGood)
            {
                _cancellation.Cancel();
            }

            return _cancellation.Token;
        }
    }

    public void End()
    {
        lock (_lock)
        {
            _cancellation = null;
        }
    }

    /// <summary>These partitions belong to somebody else now.</summary>
    public Task CancelAsync(IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (_lock)
        {
            return _cancellation is not null && partitions.Contains(_partition) ? _cancellation.CancelAsync() : Task.CompletedTask;
        }
    }

    /// <summary>No handler shall run any more.</summary>
    public void CancelForGood()
    {
        lock (_lock)
        {
            _isCancelledForGood = true;
            _ = _cancellation?.CancelAsync();
        }
    }
}
