using OrleansStream.Client.Connection;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// The runs that are fetched from one silo in one way: those behind the high watermark, which the silo answers at once, or
/// those at it, for which it waits. Apart from each other, since a run with much to read must not wait for one with nothing.
/// One fetch is under way in a lane at a time. Guarded by <see cref="Fetcher"/>.
/// </summary>
internal sealed class FetchLane
{
    private readonly Queue<FetchRun> _queue = new();

    public FetchLane(PartitionRoute route, bool isWaiting)
    {
        Endpoint = route.Endpoint;
        IsWaiting = isWaiting;
    }

    /// <summary>The silo's endpoint; null when the partitions have to be asked one by one through their grains.</summary>
    public IStreamEndpoint? Endpoint { get; }

    /// <summary>True for the runs at the high watermark.</summary>
    public bool IsWaiting { get; }

    public bool IsEmpty => _queue.Count == 0;

    /// <summary>The loop that serves the lane; null while there is none.</summary>
    public Task? Work { get; set; }

    /// <summary>Ends a wait on the silo, so that the next fetch can include runs that came meanwhile; null while nothing waits.</summary>
    public CancellationTokenSource? Recall { get; set; }

    public void Enqueue(FetchRun run)
    {
        run.State = FetchState.Queued;
        _queue.Enqueue(run);
    }

    /// <summary>Takes runs in the order they came, so that whoever was served last is asked for last.</summary>
    public FetchRun[] Take()
    {
        var max = Endpoint is null ? 1 : ProtocolLimits.MaxPartitionsPerTopic;
        var taken = new List<FetchRun>(Math.Min(max, _queue.Count));
        while (taken.Count < max && _queue.TryDequeue(out var run))
        {
            if (!run.IsAbandoned)
            {
                run.State = FetchState.InFlight;
                taken.Add(run);
            }
        }

        return [.. taken];
    }
}
