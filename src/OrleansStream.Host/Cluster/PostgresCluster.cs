using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using OrleansStream.Host.Health;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Placement;
using OrleansStream.Storage.Postgres;

namespace OrleansStream.Host.Cluster;

/// <summary>Makes the host a member of a cluster whose members find each other, and keep everything, in one PostgreSQL database.</summary>
internal static class PostgresCluster
{
    public const string Section = "OrleansStream:Postgres";

    /// <summary>The setting that decides between a process of its own and a member of a cluster.</summary>
    public const string ConnectionStringSetting = $"{Section}:{nameof(PostgresStorageOptions.ConnectionString)}";

    private const string FolderSetting = $"{OrleansStreamServerOptions.SectionName}:{nameof(OrleansStreamServerOptions.DataPath)}";

    private static readonly TimeSpan s_probeTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often each silo tells every other how busy it is. Partitions and groups are placed without it, so once a second, Orleans' own
    /// period, is a message for each pair of silos that hardly anybody reads.
    /// </summary>
    private static readonly TimeSpan s_loadPeriod = TimeSpan.FromSeconds(5);

    /// <summary>The name by which Orleans' providers know the driver.</summary>
    private const string Invariant = "Npgsql";

    /// <summary>Whether the settings speak of PostgreSQL, rightly or not: a half-made setting must not become a silo of its own.</summary>
    public static bool IsConfigured(IConfiguration configuration) => configuration.GetSection(Section).Exists();

    /// <summary>
    /// Refuses a folder that somebody gave in the same breath and expects data in. One that comes with an image or a shared settings file
    /// is no such wish, and the line at the end of the start says where the data is.
    /// </summary>
    public static void RefuseFolder(IConfiguration configuration, HostArguments arguments)
    {
        if (IsConfigured(configuration) && arguments.Settings.ContainsKey(FolderSetting))
        {
            throw new OptionsValidationException(
                nameof(OrleansStreamServerOptions),
                typeof(OrleansStreamServerOptions),
                [$"{FolderSetting} (--data) is for a silo of its own; with {ConnectionStringSetting} (--postgres) everything is kept in the database, and nothing in a folder. Leave one of them out."]);
        }
    }

    /// <summary>Must come before the server, which keeps to itself when nobody has told it where to store things.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<PostgresStorageOptions>().BindConfiguration(Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<PostgresStorageOptions>, PostgresStorageOptionsValidator>();
        builder.Services.AddPostgresStorage();
        builder.Services.AddHealthChecks().AddCheck<PostgresCheck>("postgres", tags: [HealthEndpoints.ReadyTag]);
        builder.UseOrleans(silo =>
        {
            silo.UseAdoNetClustering(options => options.Configure<NpgsqlDataSource>(static (clustering, database) =>
                (clustering.Invariant, clustering.DataSource) = (Invariant, database)));
            LimitMembershipTable(silo.Services);
            silo.AddAdoNetGrainStorageAsDefault(options => options.Configure<NpgsqlDataSource>(static (storage, database) =>
                (storage.Invariant, storage.DataSource) = (Invariant, database)));
            silo.Configure<ClusterMembershipOptions>(SetToSeconds);
            silo.Configure<DeploymentLoadPublisherOptions>(static load => load.DeploymentLoadPublisherRefreshTime = s_loadPeriod);
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, StopNotice>();
            AddGrainDirectory(silo);
        });
    }

    /// <summary>
    /// Puts a limit around Orleans' table, which is asked every few seconds. The grains' storage is asked by nobody here. Reminders, which nobody
    /// sets, are left out: their service reads the table by itself, and a silo's stop waits for what it reads.
    /// </summary>
    private static void LimitMembershipTable(IServiceCollection services)
    {
        var orleans = services.Last(service => service.ServiceType == typeof(IMembershipTable));
        services.Remove(orleans);
        services.AddSingleton<IMembershipTable>(provider => new LimitedMembershipTable(
            (IMembershipTable)ActivatorUtilities.CreateInstance(provider, orleans.ImplementationType!),
            provider.GetRequiredService<PostgresClusterDatabase>(),
            provider.GetRequiredService<ILocalSiloDetails>().SiloAddress,
            silo => provider.GetRequiredService<SiloProbe>().AnswersAsync(silo, s_probeTimeout)));
    }

    /// <summary>
    /// The directory that survives the death of a silo. The default one loses what was registered with the dead silo, and then
    /// partitions of healthy silos are closed and opened again.
    /// </summary>
    private static void AddGrainDirectory(ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003 // Marked as experimental; the leader epochs keep us safe whatever it does.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003

        // A dead silo's grains would be held back for half a minute, in case it still runs. The logs refuse it anyway.
        silo.Configure<GrainDirectoryOptions>(static directory => directory.RangeLeaseDuration = TimeSpan.Zero);
    }

    /// <summary>
    /// A silo that no longer answers is declared dead after about three seconds instead of half a minute. Being wrong about it
    /// costs little, since the logs themselves refuse a silo whose partitions were taken over.
    /// </summary>
    private static void SetToSeconds(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = s_probeTimeout;
        membership.MinProbeTimeout = TimeSpan.FromSeconds(0.5);
        membership.MaxProbeTimeout = s_probeTimeout;
        membership.NumMissedProbesLimit = 3;
        membership.NumVotesForDeathDeclaration = 2;

        // Silos tell each other of changes; the table is for whoever missed that.
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);

        // After all silos were killed at once, the first new one must ignore those that have shown no sign of life for three of these.
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(3);
        membership.NumMissedTableIAmAliveLimit = 3;
        membership.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);

        // The dead are kept for a while, so that one that only slept learns that it is dead.
        membership.DefunctSiloExpiration = TimeSpan.FromDays(1);
        membership.DefunctSiloCleanupPeriod = TimeSpan.FromHours(1);
    }
}
