using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Grains;

namespace OrleansStream.Cli;

/// <summary><c>ostream cluster</c>.</summary>
internal static class ClusterCommand
{
    public static Command Build()
    {
        var command = new Command("cluster", "Show the cluster and its silos") { CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var details = ClusterDetails.From(await client.Admin.DescribeClusterAsync(cancellationToken));
            if (parsed.GetValue(CommonOptions.Output) == OutputFormat.Json)
            {
                Json.Write(details, Json.Readable.ClusterDetails);
                return;
            }

            using var output = new StandardOutput();
            var table = new TableWriter(output);
            table.WriteLine($"cluster {details.ClusterId}, version {details.Version}");
            table.Write(details.Silos, s_columns);
        });
        return command.WithExamples("ostream cluster\nostream cluster --connect 10.0.0.5:30000,10.0.0.6:30000 -o json");
    }

    private static readonly Column<SiloRow>[] s_columns =
    [
        new("Silo", s => s.Name),
        new("Address", s => s.Address),
        new("Gateway", s => s.Gateway ?? "-"),
        new("Status", s => s.Status),
        new("Started", s => s.StartedAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        new("Open partitions", s => s.OpenPartitions < 0 ? "?" : s.OpenPartitions.ToString(CultureInfo.InvariantCulture), IsNumber: true),
    ];
}

/// <summary>The cluster in the output.</summary>
internal sealed record ClusterDetails(string ClusterId, string Version, IReadOnlyList<SiloRow> Silos)
{
    public static ClusterDetails From(ClusterDescription cluster) => new(
        cluster.ClusterId,
        cluster.Version,
        [.. cluster.Silos.Select(s => new SiloRow(s.Name, s.Address, s.Gateway, s.Status, s.StartedAt, s.OpenPartitions))]);
}

/// <summary>A silo in the output.</summary>
internal sealed record SiloRow(string Name, string Address, string? Gateway, string Status, DateTimeOffset StartedAt, int OpenPartitions);
