namespace OrleansStream.Server.Tests;

/// <summary>How long a test waits for what must happen; only a failing test waits that long.</summary>
internal static class TestTime
{
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(20);
}
