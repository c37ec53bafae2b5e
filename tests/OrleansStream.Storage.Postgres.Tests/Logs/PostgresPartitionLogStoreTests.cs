using OrleansStream.Storage.Contract;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>Appending and reading, on a real server.</summary>
public sealed class PostgresPartitionLogTests : PartitionLogContract
{
    private readonly LogDatabase _database = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => _database.OpenStoreAsync(Time);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>Idempotent producers, on a real server.</summary>
public sealed class PostgresIdempotentProducerTests : IdempotentProducerContract
{
    private readonly LogDatabase _database = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => _database.OpenStoreAsync(Time);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>Rolling and retention, on a real server.</summary>
public sealed class PostgresSegmentTests : SegmentContract
{
    private readonly LogDatabase _database = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => _database.OpenStoreAsync(Time);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>Finding records by time, on a real server.</summary>
public sealed class PostgresTimestampTests : TimestampContract
{
    private readonly LogDatabase _database = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => _database.OpenStoreAsync(Time);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>Epochs, fencing and deleting, on a real server.</summary>
public sealed class PostgresOwnershipTests : OwnershipContract
{
    private readonly LogDatabase _database = new();

    protected override Task<IPartitionLogStore> CreateStoreAsync() => _database.OpenStoreAsync(Time);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }
}
