using System.CommandLine;
using OrleansStream.Client.Administration;

namespace OrleansStream.Cli.Load;

/// <summary><c>ostream load</c> and what the commands below it share.</summary>
internal static class LoadCommand
{
    public static Command Build() => new("load", "Measure what a cluster can do: throughput and latency")
    {
        LoadProduceCommand.Build(),
        LoadConsumeCommand.Build(),
        LoadLatencyCommand.Build(),
    };

    public static Option<long> Size() =>
        CommonOptions.Count("--size", "Bytes per value", 100, LatencyStamp.Bytes, ProtocolLimits.DefaultMaxBatchBytes - 1024);

    public static Option<long> Partitions() =>
        CommonOptions.Count("--partitions", "Partitions of the topic, if it is created", 6, 1, ProtocolLimits.MaxPartitionsPerTopic);

    public static Option<string?> Topic() => new("--topic")
    {
        Description = "The topic, created if it does not exist. Without it, a new one is made and deleted afterwards",
        HelpName = "TOPIC",
    };
}

/// <summary>The topic that a load runs on; one that was made for the run alone is deleted with it.</summary>
internal sealed class LoadTopic : IAsyncDisposable
{
    private readonly IAdminClient _admin;
    private readonly bool _isTemporary;

    private LoadTopic(IAdminClient admin, string name, int partitionCount, bool isTemporary)
    {
        _admin = admin;
        Name = name;
        PartitionCount = partitionCount;
        _isTemporary = isTemporary;
    }

    public string Name { get; }

    public int PartitionCount { get; }

    public static async Task<LoadTopic> OpenAsync(IAdminClient admin, string? name, int partitions, CancellationToken cancellationToken)
    {
        var created = name ?? $"load-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss-fff}";
        try
        {
            await admin.CreateTopicAsync(created, partitions, cancellationToken: cancellationToken);
        }
        catch (OrleansStreamException e) when (e.ErrorCode == ErrorCode.TopicAlreadyExists && name is not null)
        {
            // As it is: its own number of partitions counts.
        }

        var topic = await admin.DescribeTopicAsync(created, cancellationToken);
        return new LoadTopic(admin, topic.Name, topic.PartitionCount, isTemporary: name is null);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isTemporary)
        {
            await _admin.DeleteTopicAsync(Name);
        }
    }
}
