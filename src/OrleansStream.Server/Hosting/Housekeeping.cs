using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansStream.Server.Retention;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// Runs the sweepers between the silo's start and its stop. It asks for them only when it runs: hosted services are made
/// before the storage is opened.
/// </summary>
internal sealed class Housekeeping(IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        services.GetRequiredService<RetentionSweeper>().RunAsync(stoppingToken),
        services.GetRequiredService<IdlePartitionSweeper>().RunAsync(stoppingToken));
}
