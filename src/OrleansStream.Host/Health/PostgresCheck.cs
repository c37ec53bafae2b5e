using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace OrleansStream.Host.Health;

/// <summary>Whether the database answers within a time that a probe waits, and takes writes.</summary>
internal sealed class PostgresCheck(NpgsqlDataSource database) : IHealthCheck
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_timeout);
        try
        {
            await using var command = database.CreateCommand("SELECT pg_is_in_recovery()");
            return await command.ExecuteScalarAsync(timeout.Token) is false
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("The database is a standby, which takes no writes.");
        }
        catch (NpgsqlException e)
        {
            return HealthCheckResult.Unhealthy($"The database does not answer: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"The database did not answer within {s_timeout.TotalSeconds} s.", e);
        }
    }
}
