namespace OrleansStream.Server.Diagnostics;

/// <summary>The ids of everything the server logs, by area; a test keeps them unique.</summary>
internal static class LogEvents
{
    public const int PartitionClosed = 2001;
    public const int PartitionRefused = 2002;
    public const int PartitionLost = 2003;
    public const int PartitionCloseTimedOut = 2004;
    public const int PartitionsIdle = 2005;
    public const int PartitionNotOpened = 2006;

    public const int ProduceFailed = 2100;
    public const int FetchFailed = 2101;
    public const int FindOffsetFailed = 2102;
    public const int EndpointDraining = 2103;
    public const int EndpointDrainTimedOut = 2104;

    public const int TopicCreated = 2200;
    public const int TopicAltered = 2201;
    public const int TopicDeleted = 2202;
    public const int TopicLogsRemain = 2203;
    public const int SiloNotTold = 2204;

    public const int PlacementNotTold = 2600;
    public const int PartitionMoved = 2601;
    public const int MoveNotRecorded = 2602;
    public const int PartitionNotMoved = 2603;
    public const int PartitionCameBack = 2604;
    public const int MoverRoundFailed = 2605;
    public const int SiloEvacuated = 2606;
    public const int Rehearsed = 2607;
    public const int RehearsalFailed = 2608;

    public const int RetentionFailed = 2300;
    public const int SweepFailed = 2301;

    public const int MemberJoined = 2500;
    public const int MemberLeft = 2501;
    public const int MemberExpelled = 2502;
    public const int GroupRestored = 2503;
    public const int GroupDeleted = 2504;
    public const int CoordinatorStopped = 2505;
    public const int GroupTickFailed = 2506;
    public const int GroupsHandedOver = 2507;
    public const int GroupNotHandedOver = 2508;
}
