using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansStream.Storage;

namespace OrleansStream.Host.Health;

/// <summary>Whether the catalog of topics answers, and within a time that a probe waits.</summary>
internal sealed class CatalogCheck(ICatalog catalog) : IHealthCheck
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await catalog.ListTopicsAsync("", null, limit: 1, cancellationToken).AsTask().WaitAsync(s_timeout, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is OrleansStreamException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy($"The catalog does not answer: {e.Message}", e);
        }
    }
}
