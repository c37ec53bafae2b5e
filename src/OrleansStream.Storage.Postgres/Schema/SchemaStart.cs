using Microsoft.Extensions.Hosting;

namespace OrleansStream.Storage.Postgres.Schema;

/// <summary>Brings the database up to date before any part of the host starts.</summary>
internal sealed class SchemaStart(SchemaInstaller installer) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var family in Enum.GetValues<SchemaFamily>())
        {
            await installer.InstallAsync(family, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
