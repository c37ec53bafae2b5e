namespace OrleansStream.Host;

/// <summary>The ids of everything the host logs; a test keeps them unique.</summary>
internal static class LogEvents
{
    public const int Ready = 4000;
    public const int FolderUnused = 4001;
    public const int DemoStarted = 4100;
    public const int DemoAssigned = 4101;
    public const int DemoProgress = 4102;
    public const int DemoStopped = 4103;
}
