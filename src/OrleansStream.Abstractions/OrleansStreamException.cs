namespace OrleansStream;

/// <summary>The one exception of the platform: what went wrong is in <see cref="ErrorCode"/>, what to do about it in the message.</summary>
[GenerateSerializer, Alias("orleansstream.exception")]
public sealed class OrleansStreamException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="errorCode">What went wrong.</param>
    /// <param name="message">What went wrong and what to do about it, in a sentence for people.</param>
    /// <param name="innerException">What caused it, if something did.</param>
    public OrleansStreamException(ErrorCode errorCode, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        ErrorCode = errorCode;
    }

    /// <summary>What went wrong.</summary>
    [Id(0)]
    public ErrorCode ErrorCode { get; }

    /// <summary>True when the same call may succeed a little later without the caller changing anything.</summary>
    public bool IsRetriable => IsRetriableCode(ErrorCode);

    /// <summary>Tells whether a call that ended in <paramref name="code"/> may succeed when it is repeated.</summary>
    public static bool IsRetriableCode(ErrorCode code) => code is ErrorCode.NotLeaderOrFollower or ErrorCode.RequestTimedOut
        or ErrorCode.CoordinatorLoadInProgress or ErrorCode.RebalanceInProgress or ErrorCode.StorageError
        or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch or ErrorCode.DiskFull or ErrorCode.Throttled
        or ErrorCode.Unreachable;
}
