using System.CommandLine;

namespace OrleansStream.Cli.Topics;

/// <summary><c>ostream topic delete</c>.</summary>
internal static class TopicDeleteCommand
{
    public static Command Build()
    {
        var names = new Argument<string[]>("TOPIC") { Description = "One or more topics", Arity = ArgumentArity.OneOrMore };
        var command = new Command("delete", "Delete topics with their records and the offsets committed for them") { names };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            foreach (var name in parsed.GetRequiredValue(names))
            {
                await client.Admin.DeleteTopicAsync(name, cancellationToken);
                Console.Out.WriteLine($"Deleted {name}.");
            }
        });
        return command.WithExamples("ostream topic delete orders\nostream topic delete load-1 load-2");
    }
}
