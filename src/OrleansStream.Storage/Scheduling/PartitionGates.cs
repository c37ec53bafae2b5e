namespace OrleansStream.Storage.Scheduling;

/// <summary>
/// One gate per partition, through which one at a time goes. A gate exists only while somebody is in or before it. Safe for
/// concurrent use.
/// </summary>
internal sealed class PartitionGates
{
    private readonly Dictionary<PartitionId, Gate> _gates = [];

    /// <summary>Waits for the gate; disposing the result opens it for the next.</summary>
    public async ValueTask<IDisposable> EnterAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        Gate? gate;
        lock (_gates)
        {
            if (!_gates.TryGetValue(partition, out gate))
            {
                _gates.Add(partition, gate = new Gate());
            }

            gate.Users++;
        }

        try
        {
            await gate.Semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave(partition, gate);
            throw;
        }

        return new Pass(this, partition, gate);
    }

    private void Leave(PartitionId partition, Gate gate)
    {
        lock (_gates)
        {
            if (--gate.Users == 0)
            {
                _gates.Remove(partition);
                gate.Semaphore.Dispose();
            }
        }
    }

    private sealed class Gate
    {
        public SemaphoreSlim Semaphore { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Pass(PartitionGates gates, PartitionId partition, Gate gate) : IDisposable
    {
        public void Dispose()
        {
            gate.Semaphore.Release();
            gates.Leave(partition, gate);
        }
    }
}
