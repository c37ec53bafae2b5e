using Microsoft.Extensions.Logging;
using OrleansStream.Grains;
using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Diagnostics;
using OrleansStream.Server.Placement;

namespace OrleansStream.Kafka.Groups;

/// <summary>
/// Calls the coordinators of groups for clients: repeats calls that wait for other members, as long as the client's connection lasts, and
/// calls that failed because a coordinator moved, its silo died or its store was slow, for a few seconds. Each such call may be repeated.
/// </summary>
internal sealed partial class GroupCaller(IGrainFactory grains, TimeProvider time, ILogger<GroupCaller> logger)
{
    /// <summary>How long a failing call is repeated; after that the client is told to look for the coordinator again.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public IClassicGroupGrain Classic(string groupId) => grains.GetGrain<IClassicGroupGrain>(groupId);

    public IGroupGrain Group(string groupId) => grains.GetGrain<IGroupGrain>(groupId);

    /// <summary>Calls until there is an answer.</summary>
    /// <param name="groupId">The group.</param>
    /// <param name="call">The call; it may be made any number of times.</param>
    /// <param name="errorOf">The error in an answer.</param>
    /// <param name="refuse">Makes an answer of an error.</param>
    /// <param name="cancellationToken">Ends with the client's connection.</param>
    /// <param name="isPending">Tells whether an answer says that the call is to be repeated.</param>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async Task<T> CallAsync<T>(
        string groupId,
        Func<Task<T>> call,
        Func<T, ErrorCode> errorOf,
        Func<ErrorCode, T> refuse,
        CancellationToken cancellationToken,
        Func<T, bool>? isPending = null)
    {
        if (groupId.Length == 0)
        {
            // No grain has an empty key.
            return refuse(ErrorCode.InvalidGroupId);
        }

        var failingSince = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (answer, isTransient) = await TryAsync(groupId, call, errorOf, refuse).ConfigureAwait(false);
            if (!isTransient)
            {
                if (isPending?.Invoke(answer) != true)
                {
                    return answer;
                }

                failingSince = time.GetTimestamp();
                continue;
            }

            if (time.GetElapsedTime(failingSince) >= s_patience)
            {
                return refuse((ErrorCode)KafkaError.NotCoordinator);
            }

            await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(T Answer, bool IsTransient)> TryAsync<T>(string groupId, Func<Task<T>> call, Func<T, ErrorCode> errorOf, Func<ErrorCode, T> refuse)
    {
        try
        {
            var answer = await call().ConfigureAwait(false);
            return (answer, IsTransient(errorOf(answer)));
        }
        catch (OrleansStreamException failure)
        {
            return (refuse(failure.ErrorCode), IsTransient(failure.ErrorCode));
        }
        catch (Exception failure) when (SiloFailures.IsUnreachable(failure))
        {
            CallFailed(groupId, failure);
            return (refuse(ErrorCode.CoordinatorLoadInProgress), true);
        }
    }

    private static bool IsTransient(ErrorCode error) => error is ErrorCode.CoordinatorLoadInProgress or ErrorCode.StorageError or ErrorCode.Unreachable or ErrorCode.DiskFull;

    [LoggerMessage(LogEvents.GroupCallFailed, LogLevel.Debug, "A call to the coordinator of group {Group} failed; it is repeated.")]
    private partial void CallFailed(string group, Exception exception);
}
