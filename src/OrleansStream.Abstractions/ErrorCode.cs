namespace OrleansStream;

/// <summary>
/// What went wrong, in the numbers of the Kafka protocol where it has one, so that a Kafka client needs no translation.
/// Codes from 1000 on are OrleansStream's own.
/// </summary>
public enum ErrorCode : short
{
    /// <summary>A failure nobody foresaw; the message and the server's log tell more.</summary>
    Unknown = -1,

    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The offset lies before the log's start or after its end.</summary>
    OffsetOutOfRange = 1,

    /// <summary>A batch's length, magic or checksum is wrong.</summary>
    CorruptMessage = 2,

    /// <summary>There is no such topic, or it has no such partition.</summary>
    UnknownTopicOrPartition = 3,

    /// <summary>Another silo owns the partition; the answer names it when it is known.</summary>
    NotLeaderOrFollower = 6,

    /// <summary>The answer did not come in time; the request may have been carried out.</summary>
    RequestTimedOut = 7,

    /// <summary>A batch is larger than the topic allows.</summary>
    MessageTooLarge = 10,

    /// <summary>The metadata of a committed offset is longer than 4,096 characters.</summary>
    OffsetMetadataTooLarge = 12,

    /// <summary>The group's coordinator is still reading its state.</summary>
    CoordinatorLoadInProgress = 14,

    /// <summary>The topic's name is not a legal one.</summary>
    InvalidTopic = 17,

    /// <summary>The member acts under a generation that has passed.</summary>
    IllegalGeneration = 22,

    /// <summary>The group's members share no assignor with this one, or speak the other protocol; stop them first.</summary>
    InconsistentGroupProtocol = 23,

    /// <summary>The group's id is empty or too long.</summary>
    InvalidGroupId = 24,

    /// <summary>The group does not know the member: its session expired or it left.</summary>
    UnknownMemberId = 25,

    /// <summary>The session timeout lies outside the allowed range.</summary>
    InvalidSessionTimeout = 26,

    /// <summary>The group is moving partitions between its members.</summary>
    RebalanceInProgress = 27,

    /// <summary>A batch's timestamp lies too far in the future.</summary>
    InvalidTimestamp = 32,

    /// <summary>A topic of that name exists.</summary>
    TopicAlreadyExists = 36,

    /// <summary>The number of partitions is not acceptable.</summary>
    InvalidPartitions = 37,

    /// <summary>A setting of the topic is unknown or its value is not acceptable.</summary>
    InvalidConfig = 40,

    /// <summary>The request contradicts itself or a limit.</summary>
    InvalidRequest = 42,

    /// <summary>A batch's sequence number is not the next one of its producer.</summary>
    OutOfOrderSequenceNumber = 45,

    /// <summary>The producer's epoch is older than the one the partition knows.</summary>
    InvalidProducerEpoch = 47,

    /// <summary>The disk failed, or refused to make written data durable.</summary>
    StorageError = 56,

    /// <summary>The group still has members.</summary>
    NonEmptyGroup = 68,

    /// <summary>There is no such group.</summary>
    GroupIdNotFound = 69,

    /// <summary>The leader epoch in the request is older than the partition's.</summary>
    FencedLeaderEpoch = 74,

    /// <summary>The leader epoch in the request is newer than the partition's.</summary>
    UnknownLeaderEpoch = 75,

    /// <summary>The batch is compressed in a way this version does not know.</summary>
    UnsupportedCompressionType = 76,

    /// <summary>The answer holds an id for the new member; it joins again with it.</summary>
    MemberIdRequired = 79,

    /// <summary>The group holds as many members as it may.</summary>
    GroupMaxSizeReached = 81,

    /// <summary>Another member took over the static member's instance id.</summary>
    FencedInstanceId = 82,

    /// <summary>Members of the group subscribe to the topic.</summary>
    GroupSubscribedToTopic = 86,

    /// <summary>A record or batch breaks a rule of the format, whole and uncorrupted as it is.</summary>
    InvalidRecord = 87,

    /// <summary>The silo has as much in hand as it accepts; nothing of the request was carried out.</summary>
    Throttled = 89,

    /// <summary>The topic's id is not, or no longer, in use.</summary>
    UnknownTopicId = 100,

    /// <summary>A log holds damaged data before its end; the partition stays offline until somebody decides what to do.</summary>
    CorruptLog = 1000,

    /// <summary>The disk is full; nothing of the request was stored.</summary>
    DiskFull = 1001,

    /// <summary>Another process uses the data folder.</summary>
    DataFolderInUse = 1002,

    /// <summary>A newer version wrote the data folder.</summary>
    DataFolderTooNew = 1003,

    /// <summary>The caller's bounded buffer is full and its waiting time ran out.</summary>
    BufferFull = 1004,

    /// <summary>No silo could be reached within the time allowed.</summary>
    Unreachable = 1005,

    /// <summary>A key, value or header could not be turned into bytes or back.</summary>
    SerializationFailed = 1006,

    /// <summary>A database's schema is of another version than this program needs, and cannot be brought to it.</summary>
    SchemaMismatch = 1007,
}
