using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Tests.Placement;

/// <summary>A store that opens no log of a partition beyond any topic's last, in a way that nobody foresaw.</summary>
internal sealed class RefusingLogStore(IPartitionLogStore logs) : IPartitionLogStore
{
    private const int TopicsEnd = 1000;

    public string Name => logs.Name;

    public ValueTask<IPartitionLog> OpenAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken) =>
        partition.Partition < TopicsEnd
            ? logs.OpenAsync(partition, configuration, cancellationToken)
            : throw new InvalidOperationException("There is a bug in this store.");

    public ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken) => logs.DescribeAsync(partition, cancellationToken);

    public ValueTask ApplyRetentionAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken) =>
        logs.ApplyRetentionAsync(partition, configuration, cancellationToken);

    public ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken) => logs.DeleteAsync(partition, cancellationToken);

    public IAsyncEnumerable<PartitionId> ListAsync(CancellationToken cancellationToken) => logs.ListAsync(cancellationToken);

    /// <summary>The one behind it is somebody else's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
