namespace OrleansStream.Cli;

/// <summary>A problem that the command itself found; its message is the line that the user reads.</summary>
internal sealed class CommandException(string message, int exitCode = ExitCode.Failure) : Exception(message)
{
    /// <summary>What the process ends with.</summary>
    public int ExitCode { get; } = exitCode;
}
