namespace OrleansStream.Storage.Contract;

/// <summary>A catalog and a group store over the same, at first empty, database.</summary>
public abstract class CatalogUnderTest : IAsyncDisposable
{
    public abstract ICatalog Catalog { get; }

    public abstract IGroupStore Groups { get; }

    /// <summary>Closes everything and opens it again on the same data.</summary>
    public abstract Task ReopenAsync();

    public abstract ValueTask DisposeAsync();
}
