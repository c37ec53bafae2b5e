using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Cluster;

/// <summary><c>ostream cluster</c>, and the commands that decide where partitions live.</summary>
internal static class ClusterCommand
{
    private const int MaxLimit = 10_000;

    public static Command Build()
    {
        var limit = CommonOptions.Count("--limit", "How many partitions of each silo are shown at most", 1000, 0, MaxLimit);
        var command = new Command("cluster", "Show the cluster: its silos, and the partitions they have open")
        {
            CommonOptions.Output,
            limit,
            ClusterMovesCommand.Build(),
            ClusterStatsCommand.Build(),
            SiloCommand("drain", "Move all partitions off a silo, and place none there", (admin, silo, token) => admin.DrainSiloAsync(silo, token), "is drained"),
            SiloCommand("undrain", "Let a drained silo have partitions again", (admin, silo, token) => admin.UndrainSiloAsync(silo, token), "takes partitions again"),
            ClusterPinCommand.BuildPin(),
            ClusterPinCommand.BuildUnpin(),
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var details = ClusterDetails.From(
                await client.Admin.DescribeClusterAsync(cancellationToken),
                await client.Admin.DescribePlacementAsync((int)parsed.GetValue(limit), cancellationToken));
            if (parsed.GetValue(CommonOptions.Output) == OutputFormat.Json)
            {
                Json.Write(details, Json.Readable.ClusterDetails);
            }
            else
            {
                Write(details);
            }
        });
        return command.WithExamples(
            """
            ostream cluster
            ostream cluster --connect 10.0.0.5:30000,10.0.0.6:30000 -o json
            ostream cluster drain 10.0.0.5:11111
            ostream cluster pin orders 3 10.0.0.6:11111
            """);
    }

    private static Command SiloCommand(
        string name, string description, Func<Client.Administration.IAdminClient, string, CancellationToken, Task> decide, string done)
    {
        var silo = Silo();
        var command = new Command(name, description) { silo };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var text = parsed.GetRequiredValue(silo);
            await decide(client.Admin, text, cancellationToken);
            Console.Out.WriteLine($"{text} {done}.");
        });
        return command.WithExamples($"ostream cluster {name} 10.0.0.5:11111");
    }

    /// <summary>The argument that names a silo.</summary>
    public static Argument<string> Silo() => new("SILO") { Description = "The silo's name, or one of its addresses as HOST:PORT" };

    private static void Write(ClusterDetails details)
    {
        using var output = new StandardOutput();
        var table = new TableWriter(output);
        table.WriteLine($"cluster {details.ClusterId}, version {details.Version}");
        table.Write(details.Silos, s_silos);
        var partitions = details.Silos.SelectMany(silo => silo.Partitions.Select(partition => (silo, partition)))
            .OrderBy(row => row.partition.Topic, StringComparer.Ordinal).ThenBy(row => row.partition.Partition).ToList();
        if (partitions.Count > 0)
        {
            table.WriteLine("");
            table.Write(partitions, s_partitions);
        }

        if (details.Pins.Count > 0)
        {
            table.WriteLine("");
            table.Write(details.Pins, s_pins);
        }

        if (details.DrainedSilos.Count > 0)
        {
            table.WriteLine("");
            table.WriteLine($"drained: {string.Join(", ", details.DrainedSilos)}");
        }
    }

    private static readonly Column<SiloRow>[] s_silos =
    [
        new("Silo", s => s.Name),
        new("Address", s => s.Address),
        new("Gateway", s => s.Gateway ?? "-"),
        new("Status", s => s.Status == "Active" && !s.TakesPartitions ? "Active, takes no partitions" : s.Status),
        new("Started", s => s.StartedAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        new("Open partitions", s => s.OpenPartitions < 0 ? "?" : s.OpenPartitions.ToString(CultureInfo.InvariantCulture), IsNumber: true),
    ];

    private static readonly Column<(SiloRow Silo, OpenPartitionRow Partition)>[] s_partitions =
    [
        new("Topic", row => row.Partition.Topic),
        new("Partition", row => row.Partition.Partition.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("Silo", row => row.Silo.Name),
        new("Leader epoch", row => row.Partition.LeaderEpoch.ToString(CultureInfo.InvariantCulture), IsNumber: true),
    ];

    private static readonly Column<PinRow>[] s_pins =
    [
        new("Pinned topic", pin => pin.Topic),
        new("Partition", pin => pin.Partition.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("To silo", pin => pin.Silo),
    ];
}
