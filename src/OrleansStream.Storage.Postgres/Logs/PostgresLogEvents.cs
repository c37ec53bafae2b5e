namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>The ids of what the log store logs; a test keeps them unique.</summary>
internal static class PostgresLogEvents
{
    public const int OutageRetried = 1501;
    public const int CollisionRetried = 1502;
    public const int LogOpened = 1503;
    public const int SegmentsDeleted = 1504;
    public const int ExtentDropped = 1505;
    public const int HousekeepingFailed = 1506;
    public const int LogTakenOver = 1507;
}
