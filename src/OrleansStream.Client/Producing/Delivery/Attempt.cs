using OrleansStream.Client.Connection;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Producing.Delivery;

/// <summary>How one attempt to deliver a batch went.</summary>
/// <param name="Error">The server's answer, or the nearest code of what happened instead of one.</param>
/// <param name="BaseOffset">Where it was stored.</param>
/// <param name="Message">What happened, for people.</param>
/// <param name="Cause">The exception, when there was no answer.</param>
/// <param name="MayBeStored">True when the request left and nothing says that it was not carried out.</param>
internal readonly record struct Attempt(ErrorCode Error, Offset BaseOffset, string? Message, Exception? Cause, bool MayBeStored)
{
    /// <summary>
    /// True when nobody knows what happened and asking again may tell: a batch that carries sequence numbers can be sent again
    /// whatever became of it.
    /// </summary>
    public bool IsUnexplained => Error == ErrorCode.Unknown && Cause is not ObjectDisposedException;

    public static Attempt From(ProduceResponse response) => new(
        response.Error,
        response.BaseOffset,
        response.Message ?? $"The partition answered {response.Error}.",
        null,
        IsUncertain(response.Error));

    public static Attempt From(CallFailure failure, bool wasSent) =>
        new(failure.Error, Offset.None, failure.Message, failure.Cause, wasSent);

    /// <summary>Answers that leave open whether the batch was, or will be, stored: the partition broke off while it was at work.</summary>
    private static bool IsUncertain(ErrorCode error) => error is ErrorCode.StorageError or ErrorCode.FencedLeaderEpoch
        or ErrorCode.NotLeaderOrFollower or ErrorCode.RequestTimedOut or ErrorCode.CorruptLog or ErrorCode.Unknown;
}
