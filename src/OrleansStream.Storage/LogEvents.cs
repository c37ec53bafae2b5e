namespace OrleansStream.Storage;

/// <summary>The ids of what this project logs, in one place so that none is used twice.</summary>
internal static class LogEvents
{
    public const int LogOpened = 1001;
    public const int LogEnded = 1002;
    public const int LogFailed = 1003;
    public const int DiskFull = 1004;
    public const int CheckpointFailed = 1005;
    public const int LogClosed = 1006;
    public const int TornTailCut = 1011;
    public const int IndexRebuilt = 1012;
    public const int CheckpointMissing = 1013;
    public const int SegmentsDeleted = 1021;
}
