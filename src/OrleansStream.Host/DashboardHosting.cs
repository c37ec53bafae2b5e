using System.Net;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansStream.Dashboard;
using OrleansStream.Host.Cluster;
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
        KeepKeys(builder);
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

    /// <summary>A session outlives the silo that began it: the keys of its cookie lie where the cluster's data lies.</summary>
    private static void KeepKeys(WebApplicationBuilder builder)
    {
        var keys = builder.Services.AddDataProtection().SetApplicationName("OrleansStream.Dashboard");
        if (PostgresCluster.IsConfigured(builder.Configuration))
        {
            builder.Services.AddOptions<KeyManagementOptions>().Configure<NpgsqlDataSource>(
                static (management, database) => management.XmlRepository = new DatabaseKeys(database));
        }
        else
        {
            var data = builder.Configuration[$"{OrleansStreamServerOptions.SectionName}:{nameof(OrleansStreamServerOptions.DataPath)}"];
            keys.PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(data ?? new OrleansStreamServerOptions().DataPath, "dashboard-keys")));
        }
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
