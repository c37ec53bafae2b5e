using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Storage;

/// <summary>The stores that this process can open logs in, by the names that the catalog knows them under. Stores may be added while it runs.</summary>
public interface ILogStores
{
    /// <summary>Every store.</summary>
    IReadOnlyList<IPartitionLogStore> All { get; }

    /// <summary>The names of the stores that the partitions of new topics are spread over; at least one.</summary>
    IReadOnlyList<string> ForNewPartitions { get; }

    /// <summary>Finds a store.</summary>
    bool TryFind(string name, [NotNullWhen(true)] out IPartitionLogStore? store);
}

/// <summary>A list of stores that stays as it is; new partitions go to the first one.</summary>
public sealed class LogStoreList : ILogStores
{
    /// <summary>Takes the stores, which stay the caller's.</summary>
    public LogStoreList(IEnumerable<IPartitionLogStore> stores)
    {
        All = [.. stores];
        ForNewPartitions = All.Count > 0 ? [All[0].Name] : throw new InvalidOperationException("Register at least one IPartitionLogStore.");
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPartitionLogStore> All { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ForNewPartitions { get; }

    /// <inheritdoc/>
    public bool TryFind(string name, [NotNullWhen(true)] out IPartitionLogStore? store)
    {
        store = All.FirstOrDefault(each => each.Name == name);
        return store is not null;
    }
}
