namespace OrleansStream.Server.Placement;

/// <summary>Tells failures of the way to a grain from those of what it does.</summary>
public static class SiloFailures
{
    /// <summary>
    /// True when nobody answered, or nobody knows what became of the call. Among them is how the runtime's own patience ends when it finds no
    /// silo for a grain.
    /// </summary>
    public static bool IsUnreachable(Exception failure) => failure is TimeoutException or OrleansException or OperationCanceledException
        || failure.GetType().FullName!.StartsWith("Polly.Timeout.", StringComparison.Ordinal);
}
