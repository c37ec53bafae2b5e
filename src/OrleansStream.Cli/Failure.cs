using OrleansStream.Cli.Output;

namespace OrleansStream.Cli;

/// <summary>Turns an exception into an exit code and at most one line on standard error.</summary>
internal static class Failure
{
    /// <summary>Set to 1, it adds the whole exception, for whoever has to find out why.</summary>
    private const string DebugVariable = "OSTREAM_DEBUG";

    public static int Report(Exception exception, StopSignals signals)
    {
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            Console.Error.WriteLine(exception);
        }

        switch (exception)
        {
            case OperationCanceledException when signals.Token.IsCancellationRequested:
                return signals.ExitCode;
            case BrokenPipeException:
                return ExitCode.BrokenPipe;
            case CommandException known:
                WriteLine(known.Message);
                return known.ExitCode;
            case OrleansStreamException or IOException or UnauthorizedAccessException:
                WriteLine(exception.Message);
                return ExitCode.Failure;
            default:
                WriteLine($"{exception.GetType().Name}: {exception.Message} ({DebugVariable}=1 shows where.)");
                return ExitCode.Failure;
        }
    }

    /// <summary>Writes one line, whatever line breaks the message brought along.</summary>
    public static void WriteLine(string message) =>
        Console.Error.WriteLine($"ostream: {string.Join(' ', message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}");
}
