using OrleansStream.Chaos.Cluster;
using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Faults;

/// <summary>Carries out a schedule.</summary>
internal sealed class Nemesis(ChaosCluster cluster, Recorder recorder, IReadOnlyList<Fault> faults)
{
    /// <summary>Completes when the last fault has ended. What goes wrong in a fault is noted, and does not stop the others.</summary>
    public async Task RunAsync(IReadOnlyList<FaultStep> schedule)
    {
        var start = recorder.Elapsed;
        var running = new List<Task>();
        foreach (var step in schedule)
        {
            var wait = start + step.At - recorder.Elapsed;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            running.Add(RunAsync(step));
        }

        await Task.WhenAll(running);
    }

    private async Task RunAsync(FaultStep step)
    {
        var fault = faults.Single(fault => fault.Kind.Name == step.Fault);
        recorder.Note(OperationKind.Fault, step.ToString(), Outcome.Invoke);
        try
        {
            await fault.RunAsync(cluster, step, what => recorder.Note(OperationKind.Fault, $"{step.Fault}: {what}"));
        }
        catch (Exception exception)
        {
            recorder.Note(OperationKind.Fault, $"{step.Fault}: {exception}", Outcome.Info);
        }
    }
}
