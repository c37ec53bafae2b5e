using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Groups;

/// <summary><c>ostream group describe</c>.</summary>
internal static class GroupDescribeCommand
{
    public static Command Build()
    {
        var id = GroupCommand.Id();
        var time = new Option<bool>("--time") { Description = "Also tell the lag in time, which opens the partitions that lag" };
        var command = new Command("describe", "Show a group's members, offsets and lag") { id, time, CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var group = await client.Admin.DescribeGroupAsync(parsed.GetRequiredValue(id), cancellationToken);
            var details = GroupDetails.From(group, parsed.GetValue(time) ? await client.Admin.MeasureLagAsync(group, cancellationToken) : null);
            if (parsed.GetValue(CommonOptions.Output) == OutputFormat.Json)
            {
                Json.Write(details, Json.Readable.GroupDetails);
            }
            else
            {
                Write(details);
            }
        });
        return command.WithExamples("ostream group describe billing\nostream group describe billing --time\nostream group describe billing -o json | jq .totalLag");
    }

    private static void Write(GroupDetails details)
    {
        using var output = new StandardOutput();
        new TableWriter(output).WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{details.GroupId}: {details.State}, generation {details.Generation}, lag {Text(details.TotalLag)}"));
        if (details.Members.Count > 0)
        {
            new TableWriter(output).Write(details.Members, s_memberColumns);
        }

        new TableWriter(output).Write(details.Partitions, s_partitionColumns);
    }

    private static readonly Column<MemberRow>[] s_memberColumns =
    [
        new("Member", m => m.MemberId),
        new("Instance", m => m.InstanceId ?? "-"),
        new("Client", m => m.ClientId),
        new("Last heartbeat", m => m.LastHeartbeat.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        new("Assignment", m => m.Assignment.Count == 0 ? "-" : string.Join(' ', m.Assignment)),
    ];

    private static readonly Column<GroupPartitionRow>[] s_partitionColumns =
    [
        new("Topic", p => p.Topic),
        new("Partition", p => Text(p.Partition), IsNumber: true),
        new("Committed", p => Text(p.CommittedOffset), IsNumber: true),
        new("Start", p => Text(p.LogStartOffset), IsNumber: true),
        new("End", p => Text(p.HighWatermark), IsNumber: true),
        new("Lag", p => Text(p.Lag), IsNumber: true),
        new("Lag (s)", p => p.LagSeconds?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-", IsNumber: true),
        new("Member", p => p.MemberId ?? "-"),
    ];

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
