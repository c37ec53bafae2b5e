using System.CommandLine;

namespace OrleansStream.Cli.Groups;

/// <summary><c>ostream group</c>.</summary>
internal static class GroupCommand
{
    public static Command Build() => new("group", "List, describe, reset and delete consumer groups")
    {
        GroupListCommand.Build(),
        GroupDescribeCommand.Build(),
        GroupResetOffsetsCommand.Build(),
        GroupDeleteCommand.Build(),
    };

    /// <summary>The argument that names a group.</summary>
    public static Argument<string> Id() => new("GROUP") { Description = "The group's id" };
}
