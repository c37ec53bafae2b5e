using Microsoft.Extensions.Time.Testing;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>
/// What the contract suites share. A store's tests derive from each suite and provide the store; every store has to pass them
/// all, whatever it keeps its bytes in.
/// </summary>
public abstract class StoreContract : IAsyncLifetime
{
    private IPartitionLogStore? _store;

    /// <summary>The clock of the store, and what producers stamp their records with.</summary>
    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Milliseconds since 1970 on that clock.</summary>
    protected long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The partition that tests use.</summary>
    protected static PartitionId Partition { get; } = new(new Guid("0f1e2d3c4b5a69788796a5b4c3d2e1f0"), 3);

    /// <summary>The store under test.</summary>
    protected IPartitionLogStore Store => _store!;

    /// <summary>Opens a store; every call in one test is over the same data.</summary>
    protected abstract Task<IPartitionLogStore> CreateStoreAsync();

    /// <summary>Opens the first store.</summary>
    public async Task InitializeAsync() => _store = await CreateStoreAsync();

    /// <summary>Closes the last store.</summary>
    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    /// <summary>Opens the log of <see cref="Partition"/>.</summary>
    protected async Task<IPartitionLog> OpenAsync(TopicConfiguration? configuration = null) =>
        await Store.OpenAsync(Partition, configuration ?? TopicConfiguration.Default, CancellationToken.None);

    /// <summary>Closes everything in good order and begins anew over the same data.</summary>
    protected async Task<IPartitionLog> ReopenAsync(TopicConfiguration? configuration = null)
    {
        await Store.DisposeAsync();
        _store = await CreateStoreAsync();
        return await OpenAsync(configuration);
    }

    /// <summary>Waits for something that happens on the store's threads.</summary>
    protected static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Waits for something that happens on the store's threads.</summary>
    protected static Task Soon(Task task) => task.WaitAsync(TimeSpan.FromSeconds(60));
}
