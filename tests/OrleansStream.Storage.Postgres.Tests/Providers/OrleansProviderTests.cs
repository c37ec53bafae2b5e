using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Storage;
using OrleansStream.Storage.Postgres.Tests.Catalog;

namespace OrleansStream.Storage.Postgres.Tests.Providers;

/// <summary>Orleans' own AdoNet providers over the statements of <c>db/cluster</c>, inside a silo as they are used.</summary>
public sealed class OrleansProviderTests : IAsyncLifetime
{
    private static readonly DateTime s_now = new(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);

    private ClusterDatabase _database = null!;
    private NpgsqlDataSource _source = null!;
    private IHost _host = null!;

    public async Task InitializeAsync()
    {
        _database = await ClusterDatabase.CreateAsync();
        _source = PostgresDataSource.Create(_database.Database.ConnectionString);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleans(silo =>
        {
            var (siloPort, gatewayPort) = (FreePort(), FreePort());
            silo.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort);
            silo.UseAdoNetClustering(options => (options.Invariant, options.DataSource) = ("Npgsql", _source));
            silo.AddAdoNetGrainStorageAsDefault(options => (options.Invariant, options.DataSource) = ("Npgsql", _source));
            silo.AddAdoNetGrainStorage("deleting", options => (options.Invariant, options.DataSource, options.DeleteStateOnClear) = ("Npgsql", _source, true));
            silo.UseAdoNetReminderService(options => (options.Invariant, options.DataSource) = ("Npgsql", _source));
            // The silo would take the entries of these tests, dead for years, out of the table at a moment of its own.
            silo.Configure<ClusterMembershipOptions>(options => options.DefunctSiloCleanupPeriod = null);
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("test", "test"));
        });
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Membership_changes_only_from_the_version_that_was_read_and_keeps_all_that_was_said()
    {
        var table = _host.Services.GetRequiredService<IMembershipTable>();
        var version = (await table.ReadAllAsync(default)).Version;
        var entry = Entry(1, SiloStatus.Joining);

        Assert.True(await table.InsertRowAsync(entry, version.Next(), default));
        Assert.False(await table.InsertRowAsync(Entry(2, SiloStatus.Joining), version.Next(), default));
        var stored = await table.ReadRowAsync(entry.SiloAddress, default);
        Assert.Equal(version.Version + 1, stored.Version.Version);
        AssertSame(entry, stored.Members.Single().Item1);
        Assert.False(await table.InsertRowAsync(entry, stored.Version.Next(), default));

        entry.Status = SiloStatus.Dead;
        entry.SuspectTimes = [Tuple.Create(SiloAddress.New(IPAddress.Loopback, 9, 9), s_now)];
        Assert.False(await table.UpdateRowAsync(entry, version.VersionEtag, version.Next(), default));
        Assert.True(await table.UpdateRowAsync(entry, stored.Version.VersionEtag, stored.Version.Next(), default));
        entry.IAmAliveTime = s_now.AddMinutes(1);
        await table.UpdateIAmAliveAsync(entry, default);
        var dead = await table.ReadRowAsync(entry.SiloAddress, default);
        AssertSame(entry, dead.Members.Single().Item1);
        Assert.Single(dead.Members.Single().Item1.SuspectTimes!);

        Assert.False(await table.UpdateRowAsync(Entry(3, SiloStatus.Active), dead.Version.VersionEtag, dead.Version.Next(), default));
        Assert.Empty((await table.ReadRowAsync(Entry(3, SiloStatus.Active).SiloAddress, default)).Members);
        Assert.Equal(["active", "dead"], await _database.Database.QueryAsync<string>("SELECT status FROM orleansstream.silos ORDER BY 1"));

        await table.CleanupDefunctSiloEntriesAsync(s_now, default);
        Assert.Equal(2, (await table.ReadAllAsync(default)).Members.Count);
        await table.CleanupDefunctSiloEntriesAsync(s_now.AddHours(1), default);
        Assert.Equal(SiloStatus.Active, (await table.ReadAllAsync(default)).Members.Single().Item1.Status);
    }

    [Fact]
    public async Task Of_many_who_change_membership_from_one_version_one_wins()
    {
        var table = _host.Services.GetRequiredService<IMembershipTable>();
        var version = (await table.ReadAllAsync(default)).Version;

        var won = await Task.WhenAll(Enumerable.Range(1, 20).Select(n => table.InsertRowAsync(Entry(n, SiloStatus.Joining), version.Next(), default)));

        Assert.Single(won, true);
        var after = await table.ReadAllAsync(default);
        Assert.Equal((version.Version + 1, 2), (after.Version.Version, after.Members.Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("deleting")]
    public async Task Grain_state_is_kept_and_fenced_by_its_version(string provider)
    {
        var storage = provider.Length == 0
            ? _host.Services.GetRequiredKeyedService<IGrainStorage>(Orleans.Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
            : _host.Services.GetRequiredKeyedService<IGrainStorage>(provider);
        foreach (var grain in (GrainId[])[GrainId.Create("test", "text key ä"), GrainId.Create("test", Guid.NewGuid().ToString("N")), GrainId.Create("test", "2a"), GrainId.Create("test", new string('k', 20_000))])
        {
            var state = new GrainState<Counter>(new Counter { Value = 1 });
            await storage.WriteStateAsync("state", grain, state);
            var (stale, again) = (new GrainState<Counter>(), new GrainState<Counter>(new Counter { Value = 9 }));
            await storage.ReadStateAsync("state", grain, stale);
            Assert.Equal((1, true), (stale.State!.Value, stale.RecordExists));

            // Somebody who believes to be first.
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("state", grain, again));
            state.State!.Value = 2;
            await storage.WriteStateAsync("state", grain, state);
            stale.State!.Value = 8;
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("state", grain, stale));
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("state", grain, stale));

            await storage.ClearStateAsync("state", grain, state);
            Assert.False(state.RecordExists);
            state.State = new Counter { Value = 3 };
            await storage.WriteStateAsync("state", grain, state);
            var read = new GrainState<Counter>();
            await storage.ReadStateAsync("state", grain, read);
            Assert.Equal((3, state.ETag), (read.State!.Value, read.ETag));
        }
    }

    [Fact]
    public async Task Reminders_are_found_by_grain_name_and_range_and_deleted_by_version()
    {
        var table = _host.Services.GetRequiredService<IReminderTable>();
        var grains = Enumerable.Range(0, 20).Select(n => GrainId.Create("test", $"grain {n}")).ToArray();
        foreach (var grain in grains)
        {
            await table.UpsertRow(new ReminderEntry { GrainId = grain, ReminderName = "a", StartAt = s_now, Period = TimeSpan.FromDays(40) });
        }

        var first = await table.ReadRow(grains[0], "a");
        Assert.Equal((s_now, TimeSpan.FromDays(40)), (first!.StartAt, first.Period));
        var changed = await table.UpsertRow(new ReminderEntry { GrainId = grains[0], ReminderName = "a", StartAt = s_now, Period = TimeSpan.FromMinutes(2) });
        Assert.NotEqual(first.ETag, changed);
        Assert.Single((await table.ReadRows(grains[0])).Reminders);

        foreach (var (begin, end) in ((uint, uint)[])[(0, uint.MaxValue), (uint.MaxValue / 3, uint.MaxValue / 3 * 2), (uint.MaxValue / 3 * 2, uint.MaxValue / 3), (0, int.MaxValue)])
        {
            var expected = grains.Where(grain => InRange(grain.GetUniformHashCode(), begin, end)).ToHashSet();
            Assert.Equal(expected, (await table.ReadRows(begin, end)).Reminders.Select(reminder => reminder.GrainId).ToHashSet());
        }

        Assert.False(await table.RemoveRow(grains[0], "a", first.ETag!));
        Assert.True(await table.RemoveRow(grains[0], "a", changed!));
        Assert.Null(await table.ReadRow(grains[0], "a"));

        // A range of the ring is open at its beginning; one that ends before it begins goes round.
        static bool InRange(uint hash, uint begin, uint end) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
    }

    private static MembershipEntry Entry(int generation, SiloStatus status) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 5, generation),
        SiloName = $"silo {generation}",
        HostName = "host",
        Status = status,
        ProxyPort = 30000,
        StartTime = s_now,
        IAmAliveTime = s_now,
    };

    private static void AssertSame(MembershipEntry expected, MembershipEntry actual) => Assert.Equal(
        (expected.SiloAddress, expected.SiloName, expected.HostName, expected.Status, expected.ProxyPort, expected.StartTime, expected.IAmAliveTime),
        (actual.SiloAddress, actual.SiloName, actual.HostName, actual.Status, actual.ProxyPort, actual.StartTime, actual.IAmAliveTime));

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A grain's state.</summary>
    public sealed class Counter
    {
        public int Value { get; set; }
    }
}
