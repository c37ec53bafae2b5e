namespace OrleansStream.Server.Diagnostics;

/// <summary>The ids of everything the server logs, by area; a test keeps them unique.</summary>
internal static class LogEvents
{
    public const int PartitionOpened = 1000;
    public const int PartitionClosed = 1001;
    public const int PartitionRefused = 1002;
    public const int PartitionLost = 1003;
    public const int PartitionCloseTimedOut = 1004;
    public const int PartitionsIdle = 1005;

    public const int ProduceFailed = 1100;
    public const int FetchFailed = 1101;
    public const int FindOffsetFailed = 1102;
    public const int EndpointDraining = 1103;
    public const int EndpointDrainTimedOut = 1104;

    public const int TopicCreated = 1200;
    public const int TopicAltered = 1201;
    public const int TopicDeleted = 1202;
    public const int TopicLogsRemain = 1203;
    public const int SiloNotTold = 1204;

    public const int RetentionFailed = 1300;
    public const int SweepFailed = 1301;

    public const int ServerStarted = 1400;

    public const int MemberJoined = 1500;
    public const int MemberLeft = 1501;
    public const int MemberExpelled = 1502;
    public const int GroupRestored = 1503;
    public const int GroupDeleted = 1504;
    public const int CoordinatorStopped = 1505;
    public const int GroupTickFailed = 1506;
}
