using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Server.Retention;

/// <summary>Closes the partitions that nobody has used for a while; the next use opens them again.</summary>
internal sealed partial class IdlePartitionSweeper(
    PartitionTable table, IOptions<OrleansStreamServerOptions> options, TimeProvider time, ILogger<IdlePartitionSweeper> logger)
    : Sweeper(options.Value.PartitionIdleTimeout / RoundsPerTimeout, time, logger)
{
    private const int RoundsPerTimeout = 4;

    public override Task SweepAsync(CancellationToken cancellationToken)
    {
        var closed = 0;
        foreach (var partition in table.All())
        {
            if (partition.IdleTime >= options.Value.PartitionIdleTimeout)
            {
                partition.RequestClose("It was idle.");
                closed++;
            }
        }

        if (closed > 0)
        {
            PartitionsIdle(closed, table.Count);
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(LogEvents.PartitionsIdle, LogLevel.Debug, "{Idle} of {Open} open partitions are idle and will be closed.")]
    private partial void PartitionsIdle(int idle, int open);
}
