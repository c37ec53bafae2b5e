using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using OrleansStream.Storage.Postgres;

namespace OrleansStream.Host.Health;

/// <summary>Whether the database answers within a time that a probe waits, and takes writes.</summary>
internal sealed class PostgresCheck(PostgresClusterDatabase database) : IHealthCheck
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return await database.AskAsync(IsStandbyAsync, cancellationToken).WaitAsync(s_timeout, cancellationToken)
                ? HealthCheckResult.Unhealthy("The database is a standby, which takes no writes.")
                : HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is NpgsqlException or OrleansStreamException)
        {
            return HealthCheckResult.Unhealthy($"The database does not answer: {e.Message}", e);
        }
        catch (TimeoutException e)
        {
            return HealthCheckResult.Unhealthy($"The database did not answer within {s_timeout.TotalSeconds} s.", e);
        }
    }

    private static async Task<bool> IsStandbyAsync(NpgsqlDataSource connections, CancellationToken cancellationToken)
    {
        await using var command = connections.CreateCommand("SELECT pg_is_in_recovery()");
        command.CommandTimeout = 0;
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
