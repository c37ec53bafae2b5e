using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using OrleansStream.Dashboard;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Monitoring;

namespace OrleansStream.Host;

/// <summary>Serves the dashboard beside health and metrics, and tells the cluster where.</summary>
internal static class DashboardHosting
{
    public static void Add(WebApplicationBuilder builder)
    {
        if (!IsEnabled(builder.Configuration))
        {
            return;
        }

        // A program that was built, not published, finds the files of its packages where they were built.
        builder.WebHost.UseStaticWebAssets();
        builder.Services.AddOrleansStreamDashboard();
    }

    public static void Map(WebApplication app)
    {
        if (!IsEnabled(app.Configuration))
        {
            return;
        }

        app.MapOrleansStreamDashboard();
        app.Lifetime.ApplicationStarted.Register(() => Announce(app));
    }

    private static bool IsEnabled(IConfiguration configuration) =>
        configuration.GetValue($"{DashboardOptions.SectionName}:{nameof(DashboardOptions.IsEnabled)}", true);

    /// <summary>A browser cannot go to "all addresses", so those are told as the one by which the silo is reached.</summary>
    private static void Announce(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        if (addresses.FirstOrDefault() is { } address && Uri.TryCreate(address.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var uri))
        {
            var isAnywhere = IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
            var host = isAnywhere ? app.Services.GetRequiredService<IOptions<OrleansStreamServerOptions>>().Value.AdvertisedAddress : uri.Host;
            app.Services.GetRequiredService<SiloWebAddress>().Value = new UriBuilder(uri.Scheme, host, uri.Port).Uri.GetLeftPart(UriPartial.Authority);
        }
    }
}
