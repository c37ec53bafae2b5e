namespace OrleansStream.Dashboard;

/// <summary>The ids of everything the dashboard logs; a test keeps them unique.</summary>
internal static class LogEvents
{
    public const int ActionDone = 8000;
    public const int ActionFailed = 8001;
    public const int ActionRefused = 8002;
    public const int SignedIn = 8100;
    public const int SignInFailed = 8101;
    public const int SignedOut = 8102;
    public const int PollFailed = 8200;
}
