using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Hosting;
using OrleansStream.Storage.Postgres;

namespace OrleansStream.Host;

/// <summary>The line that says where everything is.</summary>
internal static partial class Banner
{
    public static void Write(WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Host");
        var options = app.Services.GetRequiredService<IOptions<OrleansStreamServerOptions>>().Value;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var gateway = $"{options.AdvertisedAddress}:{options.GatewayPort}";
        var postgres = app.Services.GetService<IOptions<PostgresStorageOptions>>()?.Value.ConnectionString;
        var place = string.IsNullOrEmpty(postgres) ? Path.GetFullPath(options.DataPath) : $"the database {PostgresDataSource.Describe(postgres)}";
        var urls = string.Join(' ', addresses);
        var kafka = KafkaGateway.Describe(app);
        LogReady(logger, HostArguments.Version, gateway, kafka, place, urls);
        if (!string.IsNullOrEmpty(postgres) && options.DataPath != new OrleansStreamServerOptions().DataPath)
        {
            LogFolderUnused(logger, options.DataPath);
        }
    }

    [LoggerMessage(
        EventId = LogEvents.Ready,
        Level = LogLevel.Information,
        Message = "OrleansStream {Version} is ready: clients connect to {Gateway}, Kafka clients to {Kafka}, the data is in {Place}, the dashboard, health and metrics are at {Urls}")]
    private static partial void LogReady(ILogger logger, string version, string gateway, string kafka, string place, string urls);

    [LoggerMessage(
        EventId = LogEvents.FolderUnused,
        Level = LogLevel.Information,
        Message = "The folder {Folder} (OrleansStream:DataPath) is not used: this silo keeps everything in the database")]
    private static partial void LogFolderUnused(ILogger logger, string folder);
}
