using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Workload;

/// <summary>All processes of a workload, from their start to the final read.</summary>
internal sealed class ChaosWorkload(WorkloadContext context)
{
    private const int Readers = 2;
    private const int Members = 3;
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);

    /// <summary>Two that outlast every fault, and an impatient one, whose records end in doubt.</summary>
    private static readonly TimeSpan[] s_deliveryTimeouts = [TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(3)];

    private readonly CancellationTokenSource _producersEnd = new();
    private readonly CancellationTokenSource _settled = new();
    private readonly CancellationTokenSource _readersEnd = new();
    private Task _producers = Task.CompletedTask;
    private Task _readers = Task.CompletedTask;

    /// <summary>Starts everybody.</summary>
    public void Start()
    {
        _producers = Task.WhenAll(s_deliveryTimeouts.Select((timeout, i) => Task.Run(() => new ProducerWorker(context, i + 1, timeout).RunAsync(_producersEnd.Token))));
        _readers = Task.WhenAll(
        [
            .. Enumerable.Range(1, Readers).Select(i => Task.Run(() => new AssignedReader(context, i).RunAsync(_readersEnd.Token))),
            .. Enumerable.Range(1, Members).Select(i => Task.Run(() => new GroupMember(context, i).RunAsync(_settled.Token, _readersEnd.Token))),
            Task.Run(() => new OffsetWatcher(context).RunAsync(_readersEnd.Token)),
            Task.Run(() => new WatermarkWatcher(context).RunAsync(_readersEnd.Token)),
        ]);
    }

    /// <summary>Waits until every partition acknowledged something that was sent from now on.</summary>
    /// <returns>The partitions that did not in time.</returns>
    public async Task<IReadOnlyList<int>> WaitAcknowledgedAsync(TimeSpan patience)
    {
        var (since, start) = (context.Recorder.NextCall(), context.Recorder.Elapsed);
        var silent = Enumerable.Range(0, context.Partitions).ToHashSet();
        var seen = 0;
        while (true)
        {
            foreach (var operation in context.Recorder.From(ref seen))
            {
                if (operation is { Kind: OperationKind.Send, Outcome: Outcome.Ok } && operation.Call > since)
                {
                    silent.Remove(operation.Partition);
                }
            }

            if (silent.Count == 0 || context.Recorder.Elapsed - start > patience)
            {
                return [.. silent.Order()];
            }

            await Task.Delay(s_poll);
        }
    }

    /// <summary>Stops the producers; completes when the fate of every record is known, which their delivery timeouts bound.</summary>
    public async Task StopProducersAsync()
    {
        await _producersEnd.CancelAsync();
        await _producers;
    }

    /// <summary>Waits until the group has committed everything.</summary>
    /// <returns>The partitions where it has not in time, with what was committed and what there is.</returns>
    public async Task<IReadOnlyList<string>> WaitCommittedAsync(IReadOnlyList<long> ends, TimeSpan patience)
    {
        await _settled.CancelAsync();
        var start = context.Recorder.Elapsed;
        var committed = new long[ends.Count];
        var seen = 0;
        while (true)
        {
            foreach (var operation in context.Recorder.From(ref seen))
            {
                if (operation is { Kind: OperationKind.Committed or OperationKind.Commit, Outcome: Outcome.Ok })
                {
                    committed[operation.Partition] = Math.Max(committed[operation.Partition], operation.Offset);
                }
            }

            var behind = Enumerable.Range(0, ends.Count).Where(p => committed[p] < ends[p]).ToArray();
            if (behind.Length == 0 || context.Recorder.Elapsed - start > patience)
            {
                return [.. behind.Select(p => $"partition {p}: {committed[p]} of {ends[p]}")];
            }

            await Task.Delay(s_poll);
        }
    }

    /// <summary>Stops the readers.</summary>
    public async Task StopReadersAsync()
    {
        await _settled.CancelAsync();
        await _readersEnd.CancelAsync();
        await _readers;
    }
}
