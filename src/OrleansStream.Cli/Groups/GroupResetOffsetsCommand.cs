using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Client.Administration;
using OrleansStream.Groups;

namespace OrleansStream.Cli.Groups;

/// <summary><c>ostream group reset-offsets</c>: shows what would change, and changes it when told <c>--yes</c>.</summary>
internal static class GroupResetOffsetsCommand
{
    public static Command Build()
    {
        var id = GroupCommand.Id();
        var to = StartPosition.Option("--to", "Where the group shall go on");
        to.Required = true;
        var topics = new Option<string[]>("--topic")
        {
            Description = "Only this topic; may be repeated. Without it, every topic for which the group has offsets",
            HelpName = "TOPIC",
            DefaultValueFactory = _ => [],
        };
        var partitions = CommonOptions.Partitions("Only this partition");
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would change and change nothing; this is what happens without --yes" };
        var yes = new Option<bool>("--yes") { Description = "Change the offsets" };
        var command = new Command("reset-offsets", "Set the offsets at which a group goes on; its members must have stopped")
        {
            id, to, topics, partitions, dryRun, yes, CommonOptions.Output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(dryRun) && result.GetValue(yes))
            {
                result.AddError("--dry-run and --yes exclude each other.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var request = new Request(
                parsed.GetRequiredValue(id), parsed.GetRequiredValue(to)!, parsed.GetRequiredValue(topics), [.. parsed.GetRequiredValue(partitions)]);
            var changes = await PlanAsync(client.Admin, request, cancellationToken);
            if (parsed.GetValue(yes))
            {
                await client.Admin.ResetOffsetsAsync(request.GroupId, [.. changes.Select(ToCommit)], cancellationToken);
            }

            await Listing.WriteAsync(
                parsed.GetValue(CommonOptions.Output), changes.ToAsyncEnumerable(), Json.Readable.OffsetChange, s_columns, cancellationToken);
            if (!parsed.GetValue(yes))
            {
                Failure.WriteLine("Nothing was changed; with --yes it will be.");
            }
        });
        return command.WithExamples(
            """
            ostream group reset-offsets billing --to beginning --topic orders
            ostream group reset-offsets billing --to 2026-01-31T18:00:00Z --yes
            ostream group reset-offsets billing --to 1200 --topic orders --partition 3 --yes
            """);
    }

    private sealed record Request(string GroupId, StartPosition To, IReadOnlyList<string> Topics, HashSet<int> Partitions);

    private static async Task<List<OffsetChange>> PlanAsync(IAdminClient admin, Request request, CancellationToken cancellationToken)
    {
        var committed = await CommittedAsync(admin, request, cancellationToken);
        var topics = request.Topics.Count > 0 ? request.Topics : [.. committed.Keys.Select(p => p.Topic).Distinct().Order(StringComparer.Ordinal)];
        var changes = new List<OffsetChange>();
        foreach (var topic in topics)
        {
            var count = (await admin.DescribeTopicAsync(topic, cancellationToken)).PartitionCount;
            if (request.Partitions.Where(n => n < 0 || n >= count).Take(1).ToArray() is [var missing])
            {
                throw new CommandException($"{topic} has the partitions 0 to {count - 1}; there is no partition {missing}.");
            }

            foreach (var number in Enumerable.Range(0, count).Where(n => request.Partitions.Count == 0 || request.Partitions.Contains(n)))
            {
                var partition = new TopicPartition(topic, number);
                var target = await request.To.ResolveAsync(admin, partition, cancellationToken);
                changes.Add(new OffsetChange(topic, number, committed.TryGetValue(partition, out var now) ? now.Value : null, target.Value));
            }
        }

        return changes;
    }

    /// <summary>What the group has committed. A group that does not exist yet may be given offsets, if the topics are named.</summary>
    private static async Task<Dictionary<TopicPartition, Offset>> CommittedAsync(IAdminClient admin, Request request, CancellationToken cancellationToken)
    {
        try
        {
            var group = await admin.DescribeGroupAsync(request.GroupId, cancellationToken);
            return group.Offsets.Where(p => p.CommittedOffset.HasValue).ToDictionary(p => p.TopicPartition, p => p.CommittedOffset);
        }
        catch (OrleansStreamException e) when (e.ErrorCode == ErrorCode.GroupIdNotFound && request.Topics.Count > 0)
        {
            return [];
        }
    }

    private static CommittedOffset ToCommit(OffsetChange change) =>
        new(new TopicPartition(change.Topic, change.Partition), new Offset(change.NewOffset), "", LeaderEpoch.None);

    private static readonly Column<OffsetChange>[] s_columns =
    [
        new("Topic", c => c.Topic),
        new("Partition", c => c.Partition.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("Committed", c => c.CommittedOffset?.ToString(CultureInfo.InvariantCulture) ?? "-", IsNumber: true),
        new("New", c => c.NewOffset.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("Change", c => c.CommittedOffset is { } now ? (c.NewOffset - now).ToString("+0;-0;0", CultureInfo.InvariantCulture) : "new", IsNumber: true),
    ];
}

/// <summary>What resetting does to one partition.</summary>
internal sealed record OffsetChange(string Topic, int Partition, long? CommittedOffset, long NewOffset);
