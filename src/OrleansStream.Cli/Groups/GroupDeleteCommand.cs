using System.CommandLine;

namespace OrleansStream.Cli.Groups;

/// <summary><c>ostream group delete</c>.</summary>
internal static class GroupDeleteCommand
{
    public static Command Build()
    {
        var ids = new Argument<string[]>("GROUP") { Description = "One or more groups, all without members", Arity = ArgumentArity.OneOrMore };
        var command = new Command("delete", "Forget groups and their offsets") { ids };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            foreach (var id in parsed.GetRequiredValue(ids))
            {
                await client.Admin.DeleteGroupAsync(id, cancellationToken);
                Console.Out.WriteLine($"Deleted {id}.");
            }
        });
        return command.WithExamples("ostream group delete billing");
    }
}
