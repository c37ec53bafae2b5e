namespace OrleansStream.Storage.Contract;

/// <summary>A catalog, a group store and a placement store over the same, at first empty, database.</summary>
public abstract class CatalogUnderTest : IAsyncDisposable
{
    public abstract ICatalog Catalog { get; }

    public abstract IGroupStore Groups { get; }

    /// <summary>Pins, drained silos and moves.</summary>
    public abstract IPlacementStore Placement { get; }

    /// <summary>Closes everything and opens it again on the same data.</summary>
    public abstract Task ReopenAsync();

    public abstract ValueTask DisposeAsync();
}
