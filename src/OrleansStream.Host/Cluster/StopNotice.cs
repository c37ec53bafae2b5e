using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace OrleansStream.Host.Cluster;

/// <summary>
/// Bounds how long a silo that stops tries to say so in the membership's table. Orleans goes on for as long as it would to join, a minute,
/// and that twice; with a database that does not answer, whoever stopped the silo would kill it first. The others find out by themselves.
/// </summary>
internal sealed class StopNotice(IOptions<ClusterMembershipOptions> membership) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int BeforeAnythingStops = ServiceLifecycleStage.Active + 10;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public void Participate(ISiloLifecycle observer) => observer.Subscribe(
        nameof(StopNotice),
        BeforeAnythingStops,
        _ => Task.CompletedTask,
        _ =>
        {
            membership.Value.MaxJoinAttemptTime = s_patience;
            return Task.CompletedTask;
        });
}
