using Orleans.Runtime.Messaging;
using Orleans.Serialization;

namespace OrleansStream.Client.Connection;

/// <summary>What a failed call to the cluster means. The one place that knows Orleans' exceptions.</summary>
/// <param name="Error">The nearest error code.</param>
/// <param name="Message">What happened, for people.</param>
/// <param name="Cause">The exception it was made from.</param>
internal readonly record struct CallFailure(ErrorCode Error, string Message, Exception Cause)
{
    public bool IsRetriable => OrleansStreamException.IsRetriableCode(Error);

    /// <summary>
    /// Classifies an exception of a grain or endpoint call. Nothing tells whether a call that failed on its way was carried
    /// out, so every code but those a grain threw itself stands for an unknown outcome.
    /// </summary>
    public static CallFailure From(Exception exception) => exception switch
    {
        OrleansStreamException known => new(known.ErrorCode, known.Message, exception),
        TimeoutException => new(ErrorCode.RequestTimedOut, "The silo did not answer in time.", exception),
        GatewayTooBusyException => new(ErrorCode.Unreachable, "The silo's gateway refuses calls because it is overloaded.", exception),
        OrleansMessageRejectionException or ConnectionFailedException or ClientNotAvailableException =>
            new(ErrorCode.Unreachable, $"The silo could not be reached: {exception.Message}", exception),
        // The runtime itself, when at the moment there is no silo that it could place the grain on. Its other exceptions have types.
        OrleansException when exception.GetType() == typeof(OrleansException) =>
            new(ErrorCode.Unreachable, $"No silo could take the call: {exception.Message}", exception),
        // How the runtime's own patience ends when no silo takes a grain in time. Outside a silo the type is not there to be named.
        _ when TypeName(exception).StartsWith("Polly.Timeout.", StringComparison.Ordinal) =>
            new(ErrorCode.RequestTimedOut, "The cluster did not find a silo for the call in time.", exception),
        OperationCanceledException => new(ErrorCode.Unreachable, "The connection was lost while the call was under way.", exception),
        ObjectDisposedException => new(ErrorCode.Unknown, "The client was disposed.", exception),
        _ => new(ErrorCode.Unknown, $"The call failed unexpectedly: {exception.Message}", exception),
    };

    private static string TypeName(Exception exception) =>
        (exception is UnavailableExceptionFallbackException missing ? missing.ExceptionType : exception.GetType().FullName) ?? "";

    public OrleansStreamException ToException() =>
        Cause as OrleansStreamException ?? new OrleansStreamException(Error, Message, Cause);
}
