using OrleansStream.Storage;

namespace OrleansStream.Server.Partitions;

/// <summary>The stores that this silo can open logs in, by the names the catalog knows them under.</summary>
internal sealed class LogStores
{
    private readonly Dictionary<string, IPartitionLogStore> _byName;

    public LogStores(IEnumerable<IPartitionLogStore> stores)
    {
        All = [.. stores];
        _byName = All.ToDictionary(store => store.Name, StringComparer.Ordinal);
        ForNewPartitions = All.Count > 0 ? All[0] : throw new InvalidOperationException("Register at least one IPartitionLogStore.");
    }

    public IReadOnlyList<IPartitionLogStore> All { get; }

    /// <summary>Where the partitions created through this silo get their logs: the store that was registered first.</summary>
    public IPartitionLogStore ForNewPartitions { get; }

    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.StorageError"/>: this silo does not have that store.</exception>
    public IPartitionLogStore Get(string name) => _byName.TryGetValue(name, out var store)
        ? store
        : throw new OrleansStreamException(
            ErrorCode.StorageError,
            $"The partition's log lies in the store '{name}', which this silo does not have; configure it ({string.Join(", ", _byName.Keys)} are there).");
}
