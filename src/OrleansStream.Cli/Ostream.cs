using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using OrleansStream.Cli.Cluster;
using OrleansStream.Cli.Groups;
using OrleansStream.Cli.Load;
using OrleansStream.Cli.Records;
using OrleansStream.Cli.Topics;

namespace OrleansStream.Cli;

/// <summary>
/// The program as a whole: parses, runs the command, and turns every outcome into an exit code and, unless it is success, one
/// line on standard error.
/// </summary>
internal static class Ostream
{
    /// <summary>Runs the command line to its end and returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        // A topic or a separator may begin with '@'; nothing here is long enough to need response files.
        var parsed = BuildRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            return ReportUsage(parsed);
        }

        using var signals = new StopSignals();
        try
        {
            // The termination handling of the library would cut a running flush short after two seconds.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, signals.Token);
        }
        catch (Exception e)
        {
            return Failure.Report(e, signals);
        }
    }

    internal static RootCommand BuildRoot()
    {
        var root = new RootCommand(
            """
            ostream, the command line of OrleansStream.

            Finds the cluster through --connect or the variable OSTREAM_CONNECT; without either, the silo on this machine.
            'ostream COMMAND --help' shows a command's options and examples.
            """)
        {
            TopicCommand.Build(),
            ProduceCommand.Build(),
            ConsumeCommand.Build(),
            GroupCommand.Build(),
            ClusterCommand.Build(),
            LoadCommand.Build(),
        };
        root.Options.Add(CommonOptions.Connect);
        root.Options.Add(CommonOptions.ClusterId);
        root.Options.Add(CommonOptions.ServiceId);
        root.SetAction(result => new HelpAction().Invoke(result) + ExitCode.Usage);
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples();
        }

        return root;
    }

    private static int ReportUsage(ParseResult parsed)
    {
        var words = new List<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult command; at = at.Parent)
        {
            words.Insert(0, command == parsed.RootCommandResult ? "ostream" : command.Command.Name);
        }

        var problem = parsed.Errors[0].Message;
        if (parsed.CommandResult.Command is { Action: null, Subcommands.Count: > 0 } branch && parsed.CommandResult.Tokens.Count == 0)
        {
            var choice = string.Join(", ", branch.Subcommands.Select(c => c.Name));
            problem = parsed.UnmatchedTokens is [var unknown, ..]
                ? $"There is no command '{branch.Name} {unknown}'; there are: {choice}."
                : $"'{branch.Name}' is followed by one of: {choice}.";
        }

        Failure.WriteLine($"{problem} See '{string.Join(' ', words)} --help'.");
        return ExitCode.Usage;
    }
}
