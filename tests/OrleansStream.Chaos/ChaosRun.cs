using OrleansStream.Chaos.Checking;
using OrleansStream.Chaos.Cluster;
using OrleansStream.Chaos.Faults;
using OrleansStream.Chaos.History;
using OrleansStream.Chaos.Reporting;
using OrleansStream.Chaos.Workload;

namespace OrleansStream.Chaos;

/// <summary>One run, from an empty cluster to the verdict.</summary>
internal sealed class ChaosRun(ChaosOptions options, string program, TextWriter console)
{
    private const string Topic = "chaos";
    private const string SegmentBytes = "2097152";
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_retryPause = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs; writes history, logs and report into a folder of its own.</summary>
    /// <returns>What was found.</returns>
    public async Task<IReadOnlyList<Anomaly>> RunAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(options.Output), $"seed-{options.Seed}")).FullName;
        using var recorder = new Recorder(Path.Combine(folder, "history.jsonl"));
        IReadOnlyList<string> unavailable;
        await using (var cluster = await ChaosCluster.StartAsync(options, folder, program))
        {
            unavailable = [.. FaultCatalog.All.Where(fault => fault.Obstacle(cluster) is not null).Select(fault => $"{fault.Kind.Name} ({fault.Description}): {fault.Obstacle(cluster)}.")];
            var context = new WorkloadContext(recorder, Topic, options.Partitions, options.Seed, token => ConnectAsync(cluster.Servers, token));
            await CreateTopicAsync(context);
            await ExerciseAsync(cluster, context);
        }

        var history = recorder.Snapshot();
        var anomalies = HistoryChecker.Check(history);
        var statistics = new RunStatistics(history);
        await File.WriteAllTextAsync(Path.Combine(folder, "report.md"), ChaosReport.Write(options, statistics, anomalies, unavailable));
        await console.WriteLineAsync(ChaosReport.Summary(options, statistics, anomalies));
        return anomalies;
    }

    private async Task ExerciseAsync(ChaosCluster cluster, WorkloadContext context)
    {
        var recorder = context.Recorder;
        var workload = new ChaosWorkload(context);
        workload.Start();
        Judge(await workload.WaitAcknowledgedAsync(s_warmUp), "Before anything broke, these partitions acknowledged nothing:");

        var faults = FaultCatalog.Choose(options.Faults, cluster);
        await new Nemesis(cluster, recorder, faults).RunAsync(Schedule.Create(options.Seed, [.. faults.Select(fault => fault.Kind)], options.Duration));

        Judge((await cluster.HealAsync(what => recorder.Note(OperationKind.Fault, $"heal: {what}"))).Select(silo => silo.Name), "These silos did not become ready again:");
        Judge(await workload.WaitAcknowledgedAsync(s_patience), "With everything mended, these partitions acknowledged nothing:");
        await workload.StopProducersAsync();
        recorder.Note(OperationKind.Phase, "everything produced");
        using var timeout = new CancellationTokenSource(s_patience);
        try
        {
            var ends = await new FinalReader(context).RunAsync(timeout.Token);
            recorder.Note(OperationKind.Phase, "everything read");
            Judge(await workload.WaitCommittedAsync(ends, s_patience), "The group did not come to the end:");
        }
        catch (Exception exception) when (exception is OperationCanceledException or OrleansStreamException)
        {
            Judge([exception.Message], "The final read did not come to the end:");
        }

        await workload.StopReadersAsync();

        void Judge<T>(IEnumerable<T> wrong, string what)
        {
            var all = wrong.ToArray();
            if (all.Length > 0)
            {
                recorder.Note(OperationKind.Phase, $"{what} {string.Join(", ", all)}.", Outcome.Fail);
            }
        }
    }

    private static async Task CreateTopicAsync(WorkloadContext context)
    {
        await using var client = await context.ConnectAsync(CancellationToken.None);
        await client.Admin.CreateTopicAsync(
            context.Topic, context.Partitions, new Dictionary<string, string> { ["segment.bytes"] = SegmentBytes, ["retention.ms"] = "-1" });
    }

    private static async Task<OrleansStreamClient> ConnectAsync(string servers, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await OrleansStreamClient.ConnectAsync(servers, options => options.ConnectTimeout = s_connectTimeout, cancellationToken);
            }
            catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.Unreachable)
            {
                await Task.Delay(s_retryPause, cancellationToken);
            }
        }
    }
}
