namespace OrleansStream.Storage.Postgres;

/// <summary>The ids of what this project logs, in one place so that none is used twice.</summary>
internal static class LogEvents
{
    public const int SchemaApplied = 1501;
}
