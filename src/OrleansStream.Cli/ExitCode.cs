namespace OrleansStream.Cli;

/// <summary>What the shell is told; 0 is success and nothing else.</summary>
internal static class ExitCode
{
    /// <summary>Everything that was asked for was done.</summary>
    public const int Success = 0;

    /// <summary>The cluster, a file or a record got in the way.</summary>
    public const int Failure = 1;

    /// <summary>The command line itself is wrong; nothing was tried.</summary>
    public const int Usage = 2;

    /// <summary>128 and the number of SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;

    /// <summary>128 and the number of SIGPIPE: whoever read the output has had enough.</summary>
    public const int BrokenPipe = 141;

    /// <summary>128 and the number of SIGTERM.</summary>
    public const int Terminated = 143;
}
