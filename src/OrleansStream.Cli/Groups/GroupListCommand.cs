using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Groups;

namespace OrleansStream.Cli.Groups;

/// <summary><c>ostream group list</c>.</summary>
internal static class GroupListCommand
{
    public static Command Build()
    {
        var prefix = new Argument<string>("PREFIX") { Description = "Only groups whose ids begin with it", DefaultValueFactory = _ => "" };
        var command = new Command("list", "List groups by id") { prefix, CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var groups = client.Admin.ListGroupsAsync(parsed.GetRequiredValue(prefix), cancellationToken).Select(GroupRow.From);
            await Listing.WriteAsync(parsed.GetValue(CommonOptions.Output), groups, Json.Readable.GroupRow, s_columns, cancellationToken);
        });
        return command.WithExamples("ostream group list\nostream group list billing- -o json");
    }

    private static readonly Column<GroupRow>[] s_columns =
    [
        new("Group", g => g.GroupId),
        new("Protocol", g => g.Kind == GroupKind.Classic ? "kafka classic" : "native"),
        new("State", g => g.State.ToString()),
        new("Members", g => g.MemberCount.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("Generation", g => g.Generation.ToString(CultureInfo.InvariantCulture), IsNumber: true),
    ];
}
