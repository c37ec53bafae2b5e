using Microsoft.Extensions.Logging;
using OrleansStream.Server.Diagnostics;

namespace OrleansStream.Server.Groups;

/// <summary>What <see cref="GroupGrain"/> tells people.</summary>
internal static partial class GroupLog
{
    [LoggerMessage(LogEvents.MemberJoined, LogLevel.Information, "Member {Member} ({Client}) joined group {Group}, generation {Generation}.")]
    public static partial void Joined(ILogger logger, string group, string member, string client, Generation generation);

    [LoggerMessage(LogEvents.MemberLeft, LogLevel.Information, "Member {Member} left group {Group}.")]
    public static partial void Left(ILogger logger, string group, string member);

    [LoggerMessage(LogEvents.MemberExpelled, LogLevel.Warning, "Member {Member} was expelled from group {Group}: it was silent for its session timeout.")]
    public static partial void Expelled(ILogger logger, string group, string member);

    [LoggerMessage(LogEvents.GroupRestored, LogLevel.Information, "Took over group {Group} with {Members} members, generation {Generation}.")]
    public static partial void Restored(ILogger logger, string group, int members, Generation generation);

    [LoggerMessage(LogEvents.GroupDeleted, LogLevel.Information, "Deleted group {Group}.")]
    public static partial void Deleted(ILogger logger, string group);

    [LoggerMessage(LogEvents.CoordinatorStopped, LogLevel.Warning, "This activation stops coordinating group {Group}; the next one starts from what is stored.")]
    public static partial void Stopped(ILogger logger, string group);

    [LoggerMessage(LogEvents.GroupTickFailed, LogLevel.Warning, "A round of checks of group {Group} failed; it is repeated.")]
    public static partial void TickFailed(ILogger logger, Exception error, string group);
}
