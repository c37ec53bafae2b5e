using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Host.Health;

/// <summary>Whether a file can be written to the data folder: the disk is neither full, nor read-only, nor gone.</summary>
internal sealed class DataFolderCheck(IOptions<OrleansStreamServerOptions> options) : IHealthCheck
{
    /// <summary>As much as a disk that is all but full no longer takes.</summary>
    private const int ProbeBytes = 4096;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // Checks may run at the same time, so each has a file of its own; it is hidden, and gone when closed.
            var path = Path.Combine(options.Value.DataPath, $".ready-{Guid.NewGuid():N}");
            await using var probe = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            await probe.WriteAsync(new byte[ProbeBytes], cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return HealthCheckResult.Unhealthy($"The data folder cannot be written: {e.Message}", e);
        }
    }
}
