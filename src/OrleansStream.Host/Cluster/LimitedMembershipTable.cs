using OrleansStream.Storage.Postgres;

namespace OrleansStream.Host.Cluster;

/// <summary>
/// The membership in the cluster's database, asked as everything else there: what is not answered ends in seconds, without a thread of
/// the pool that waits. Orleans goes on with the members that it knows, and asks again.
/// </summary>
/// <param name="table">Orleans' own.</param>
/// <param name="database">The database that it lies in.</param>
/// <param name="self">This silo.</param>
/// <param name="answersAsync">Asks another silo whether it is there.</param>
internal sealed class LimitedMembershipTable(
    IMembershipTable table, PostgresClusterDatabase database, SiloAddress self, Func<SiloAddress, Task<bool>> answersAsync) : IMembershipTable
{
    /// <summary>How long after a silence Orleans may come with what it held against a silo before: it pauses for up to a minute between tries.</summary>
    private static readonly TimeSpan s_grudge = TimeSpan.FromMinutes(2);

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

    public async Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken) =>
        !await IsGrudgeAsync(entry) && await database.AskAsync((_, token) => table.UpdateRowAsync(entry, etag, tableVersion, token), cancellationToken);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry, CancellationToken.None);

    public Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken) =>
        AskAsync(token => table.UpdateIAmAliveAsync(entry, token), cancellationToken);

    /// <summary>
    /// Orleans keeps a vote against a silo that it could not write, and writes it when the table is back, whatever became of the silo since.
    /// So for a while after a silence nobody is condemned who answers; Orleans goes on probing, and comes again if it has to.
    /// </summary>
    private async Task<bool> IsGrudgeAsync(MembershipEntry entry) =>
        !entry.SiloAddress.Equals(self) && entry.SuspectTimes is { Count: > 0 } && database.SinceSilence < s_grudge && await answersAsync(entry.SiloAddress);

    private Task<bool> AskAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken) => database.AskAsync(
        async (_, token) =>
        {
            await ask(token);
            return true;
        },
        cancellationToken);
}
