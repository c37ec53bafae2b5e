namespace OrleansStream.Kafka.Apis;

/// <summary>
/// The errors of the protocol that have no counterpart in <see cref="ErrorCode"/>, because nothing but this gateway reports them. The others
/// are the same numbers: <see cref="KafkaErrors.Of"/>.
/// </summary>
internal enum KafkaError : short
{
    LeaderNotAvailable = 5,
    CoordinatorNotAvailable = 15,
    NotCoordinator = 16,
    InvalidRequiredAcks = 21,
    UnsupportedVersion = 35,
    InvalidReplicationFactor = 38,
    InvalidReplicaAssignment = 39,
    TransactionalIdAuthorizationFailed = 53,
    FetchSessionIdNotFound = 70,
    InvalidFetchSessionEpoch = 71,
    ElectionNotNeeded = 84,
    FetchSessionTopicIdError = 106,
    MismatchedEndpointType = 114,
    UnsupportedEndpointType = 115,
}

internal static class KafkaErrors
{
    /// <summary>The code on the wire. Codes of our own become the nearest one that clients act on rightly.</summary>
    public static short Of(ErrorCode error) => (short)(error switch
    {
        // Clients try both again, which is right: there may be room a little later.
        ErrorCode.DiskFull or ErrorCode.CorruptLog => ErrorCode.StorageError,
        ErrorCode.Unreachable or ErrorCode.Throttled => ErrorCode.RequestTimedOut,
        >= (ErrorCode)1000 => ErrorCode.Unknown,
        _ => error,
    });
}
