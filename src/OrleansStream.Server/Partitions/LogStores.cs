using OrleansStream.Storage;

namespace OrleansStream.Server.Partitions;

/// <summary>The stores that this silo can open logs in.</summary>
internal sealed class LogStores(ILogStores stores)
{
    public IReadOnlyList<IPartitionLogStore> All => stores.All;

    /// <summary>Where a topic's new partitions get their logs; topics begin at different stores, so that small ones spread as well.</summary>
    public string SpreadFor(Guid topicId) => StoreSpread.Over(stores.ForNewPartitions, topicId.GetHashCode());

    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.StorageError"/>: this silo does not have that store.</exception>
    public IPartitionLogStore Get(string name) => stores.TryFind(name, out var store)
        ? store
        : throw new OrleansStreamException(
            ErrorCode.StorageError,
            $"The partition's log lies in the store '{name}', which this silo does not have: configure it there as on the other silos.");
}
