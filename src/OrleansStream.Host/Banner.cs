using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Hosting;

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
        var (dataPath, urls) = (Path.GetFullPath(options.DataPath), string.Join(' ', addresses));
        LogReady(logger, HostArguments.Version, gateway, dataPath, urls);
    }

    [LoggerMessage(
        EventId = LogEvents.Ready,
        Level = LogLevel.Information,
        Message = "OrleansStream {Version} is ready: clients connect to {Gateway}, the data is in {DataPath}, health and metrics are at {Urls}")]
    private static partial void LogReady(ILogger logger, string version, string gateway, string dataPath, string urls);
}
