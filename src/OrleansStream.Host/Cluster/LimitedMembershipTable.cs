using OrleansStream.Storage.Postgres;

namespace OrleansStream.Host.Cluster;

/// <summary>
/// The membership in the cluster's database, asked as everything else there: what is not answered ends in seconds, without a thread of
/// the pool that waits. Orleans goes on with the members that it knows, and asks again.
/// </summary>
internal sealed class LimitedMembershipTable(IMembershipTable table, PostgresClusterDatabase database) : IMembershipTable
{
    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion, CancellationToken.None);

    public Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken) =>
        AskAsync(token => table.InitializeMembershipTableAsync(tryInitTableVersion, token), cancellationToken);

    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId, CancellationToken.None);

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken) =>
        AskAsync(token => table.DeleteMembershipTableEntriesAsync(clusterId, token), cancellationToken);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate, CancellationToken.None);

    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken) =>
        AskAsync(token => table.CleanupDefunctSiloEntriesAsync(beforeDate, token), cancellationToken);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key, CancellationToken.None);

    public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken) =>
        database.AskAsync((_, token) => table.ReadRowAsync(key, token), cancellationToken);

    public Task<MembershipTableData> ReadAll() => ReadAllAsync(CancellationToken.None);

    public Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken) =>
        database.AskAsync((_, token) => table.ReadAllAsync(token), cancellationToken);

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion, CancellationToken.None);

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken) =>
        database.AskAsync((_, token) => table.InsertRowAsync(entry, tableVersion, token), cancellationToken);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) =>
        UpdateRowAsync(entry, etag, tableVersion, CancellationToken.None);

    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken) =>
        database.AskAsync((_, token) => table.UpdateRowAsync(entry, etag, tableVersion, token), cancellationToken);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry, CancellationToken.None);

    public Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken) =>
        AskAsync(token => table.UpdateIAmAliveAsync(entry, token), cancellationToken);

    private Task<bool> AskAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken) => database.AskAsync(
        async (_, token) =>
        {
            await ask(token);
            return true;
        },
        cancellationToken);
}
