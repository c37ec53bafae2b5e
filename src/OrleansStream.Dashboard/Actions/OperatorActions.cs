using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Logging;
using OrleansStream.Client;
using OrleansStream.Client.Administration;
using OrleansStream.Dashboard.Records;
using OrleansStream.Dashboard.Watching;
using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Actions;

/// <summary>
/// The one door for everything that changes something: it checks that whoever asks is an operator, whatever the page showed, does
/// it, and logs who did what. One for each circuit.
/// </summary>
internal sealed partial class OperatorActions(
    OrleansStreamClient client, AuthenticationStateProvider authentication, RecordWriter writer, Watch watch, ILogger<OperatorActions> logger)
{
    private IAdminClient Admin => client.Admin;

    /// <returns>Null when it is done; otherwise why not, for people.</returns>
    public Task<string?> DrainAsync(string silo) => DoAsync($"drain silo {silo}", () => Admin.DrainSiloAsync(silo));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> UndrainAsync(string silo) => DoAsync($"undrain silo {silo}", () => Admin.UndrainSiloAsync(silo));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> PinAsync(TopicPartition partition, string silo) =>
        DoAsync($"pin {partition} to silo {silo}", () => Admin.PinPartitionAsync(partition, silo));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> UnpinAsync(TopicPartition partition) => DoAsync($"unpin {partition}", () => Admin.UnpinPartitionAsync(partition));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> CreateTopicAsync(string topic, int partitions, IReadOnlyDictionary<string, string> configuration) =>
        DoAsync($"create topic {topic} with {partitions} partitions", () => Admin.CreateTopicAsync(topic, partitions, configuration));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> AlterTopicAsync(string topic, IReadOnlyDictionary<string, string?> changes) => DoAsync(
        $"alter topic {topic}: {string.Join(", ", changes.Select(change => $"{change.Key}={change.Value ?? "default"}"))}",
        () => Admin.AlterTopicAsync(topic, changes));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> AddPartitionsAsync(string topic, int total) =>
        DoAsync($"raise topic {topic} to {total} partitions", () => Admin.AddPartitionsAsync(topic, total));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> DeleteTopicAsync(string topic) => DoAsync($"delete topic {topic}", () => Admin.DeleteTopicAsync(topic));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> ResetOffsetsAsync(string group, IReadOnlyCollection<CommittedOffset> offsets) => DoAsync(
        $"reset {offsets.Count} offsets of group {group}: {string.Join(", ", offsets.Take(20).Select(offset => $"{offset.TopicPartition}={offset.Offset}"))}",
        () => Admin.ResetOffsetsAsync(group, offsets));

    /// <inheritdoc cref="DrainAsync"/>
    public Task<string?> DeleteGroupAsync(string group) => DoAsync($"delete group {group}", () => Admin.DeleteGroupAsync(group));

    /// <inheritdoc cref="DrainAsync"/>
    public async Task<(string? Problem, TopicPartition Partition, Offset Offset)> ProduceAsync(RecordDraft draft)
    {
        var (partition, offset) = (default(TopicPartition), Offset.None);
        var problem = await DoAsync($"produce a record to {draft.Topic}", async () =>
        {
            var stored = await writer.WriteAsync(draft).ConfigureAwait(false);
            (partition, offset) = (stored.TopicPartition, stored.Offset);
        }).ConfigureAwait(false);
        return (problem, partition, offset);
    }

    private async Task<string?> DoAsync(string what, Func<Task> action)
    {
        var user = (await authentication.GetAuthenticationStateAsync().ConfigureAwait(false)).User;
        var name = user.Identity?.Name ?? user.FindFirstValue("sub") ?? "somebody";
        if (!user.IsInRole(DashboardRoles.Operator))
        {
            Refused(name, what);
            return "You may look at everything; changing something takes the operator role.";
        }

        try
        {
            await action().ConfigureAwait(false);
            Done(name, what);
            watch.Cluster.Hurry();
            return null;
        }
        catch (Exception failure) when (failure is OrleansStreamException or ArgumentException)
        {
            Failed(name, what, failure.Message);
            return failure.Message;
        }
    }

    [LoggerMessage(LogEvents.ActionDone, LogLevel.Information, "{User} did this on the dashboard: {What}.")]
    private partial void Done(string user, string what);

    [LoggerMessage(LogEvents.ActionFailed, LogLevel.Warning, "{User} tried this on the dashboard: {What}. It failed: {Reason}")]
    private partial void Failed(string user, string what, string reason);

    [LoggerMessage(LogEvents.ActionRefused, LogLevel.Warning, "{User} may not do this on the dashboard: {What}.")]
    private partial void Refused(string user, string what);
}
