using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace OrleansStream.Cli;

/// <summary>The usual help, and below it examples that can be pasted.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private static readonly ConditionalWeakTable<Command, string> s_examples = [];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = new HelpAction().Invoke(parseResult);
        if (s_examples.TryGetValue(parseResult.CommandResult.Command, out var examples))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var line in examples.Split('\n'))
            {
                output.WriteLine($"  {line}");
            }

            output.WriteLine();
        }

        return code;
    }

    /// <summary>Sets the lines that follow a command's help.</summary>
    public static void SetExamples(Command command, string examples) => s_examples.AddOrUpdate(command, examples);
}

/// <summary>Puts examples where the command is built.</summary>
internal static class CommandExamples
{
    /// <summary>Adds examples to a command's help.</summary>
    public static Command WithExamples(this Command command, string examples)
    {
        HelpWithExamples.SetExamples(command, examples);
        return command;
    }
}
