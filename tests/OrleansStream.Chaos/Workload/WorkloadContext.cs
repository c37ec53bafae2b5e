using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Workload;

/// <summary>What the processes of a workload share.</summary>
internal sealed class WorkloadContext(Recorder recorder, string topic, int partitions, int seed, Func<CancellationToken, Task<OrleansStreamClient>> connect)
{
    public const string Group = "chaos-group";

    public Recorder Recorder { get; } = recorder;

    public string Topic { get; } = topic;

    public int Partitions { get; } = partitions;

    /// <summary>Opens a client of its own; retries until a silo answers.</summary>
    public Task<OrleansStreamClient> ConnectAsync(CancellationToken cancellationToken) => connect(cancellationToken);

    /// <summary>Every process has its own random numbers, so that the threads' timing changes nobody's choices.</summary>
    public Random RandomOf(string process)
    {
        var mixed = seed;
        foreach (var letter in process)
        {
            mixed = unchecked((mixed * 31) + letter);
        }

        return new Random(mixed);
    }

    public TopicPartition At(int partition) => new(Topic, partition);
}
