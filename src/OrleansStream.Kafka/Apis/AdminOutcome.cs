using OrleansStream.Server.Placement;

namespace OrleansStream.Kafka.Apis;

/// <summary>How a call to a grain ended, as an administrator's client is told.</summary>
/// <param name="Error">What went wrong, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Message">The same in a sentence.</param>
internal readonly record struct AdminOutcome(ErrorCode Error, string? Message)
{
    public static AdminOutcome Done { get; } = new(ErrorCode.None, null);

    /// <summary>The code on the wire.</summary>
    public short Code => KafkaErrors.Of(Error);

    /// <summary>Makes a call and turns how it failed into an answer.</summary>
    public static async Task<AdminOutcome> OfAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
            return Done;
        }
        catch (OrleansStreamException failure)
        {
            return new AdminOutcome(failure.ErrorCode, failure.Message);
        }
        catch (Exception failure) when (failure is not OperationCanceledException && SiloFailures.IsUnreachable(failure))
        {
            return new AdminOutcome(ErrorCode.RequestTimedOut, "The silo that decides did not answer in time; look whether it was done, and try again if not.");
        }
    }
}
