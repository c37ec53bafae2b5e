namespace OrleansStream.Storage.Postgres;

/// <summary>The ids of what this project logs, in one place so that none is used twice.</summary>
internal static class LogEvents
{
    public const int SchemaApplied = 1501;
    public const int OutageRetried = 1511;
    public const int CollisionRetried = 1512;
    public const int LogOpened = 1513;
    public const int SegmentsDeleted = 1514;
    public const int ExtentDropped = 1515;
    public const int HousekeepingFailed = 1516;
    public const int LogTakenOver = 1517;
    public const int LogDatabaseAdded = 1518;
    public const int SettingsRefused = 1519;
    public const int DatabaseSilent = 1520;
    public const int DatabaseAnswers = 1521;
    public const int CloseTimedOut = 1522;
}
