using Microsoft.AspNetCore.Components;
using OrleansStream.Dashboard.Watching;

namespace OrleansStream.Dashboard.Parts;

/// <summary>A component that shows polled things as long as it is there.</summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private readonly List<IDisposable> _subscriptions = [];

    [Inject]
    internal Watch Watch { get; set; } = null!;

    [Inject]
    internal TimeProvider Clock { get; set; } = null!;

    /// <summary>True once it is gone.</summary>
    protected bool IsDisposed { get; private set; }

    /// <summary>Reads and renders until this component goes.</summary>
    internal IDisposable Follow<T>(SharedPoll<T> poll)
        where T : class
    {
        var subscription = poll.Subscribe(() => _ = InvokeAsync(() => IsDisposed ? Task.CompletedTask : ChangedAsync()));
        _subscriptions.Add(subscription);
        return subscription;
    }

    /// <summary>Called after every reading; renders.</summary>
    protected virtual Task ChangedAsync()
    {
        StateHasChanged();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the readings.</summary>
    protected virtual void Dispose(bool disposing)
    {
        IsDisposed = true;
        foreach (var subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }
}
