using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrleansStream.Host.Health;

/// <summary>Whether the silo is an active member of its cluster.</summary>
internal sealed class SiloCheck(ISiloStatusOracle oracle) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(oracle.CurrentStatus == SiloStatus.Active
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"The silo is {oracle.CurrentStatus}, not Active."));
}
