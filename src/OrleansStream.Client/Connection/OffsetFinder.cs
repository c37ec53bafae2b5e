using OrleansStream.Endpoint;

namespace OrleansStream.Client.Connection;

/// <summary>Asks the owner of a partition where places in its log lie.</summary>
internal static class OffsetFinder
{
    /// <summary>Finds the beginning, the end, or the first record from a time on; retries what may pass.</summary>
    /// <param name="connection">The cluster.</param>
    /// <param name="name">The partition's name, for messages.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><see cref="Offset.None"/> when no record is that young.</returns>
    /// <exception cref="OrleansStreamException">The partition does not exist or cannot be reached.</exception>
    public static async Task<Offset> FindAsync(
        this ClusterConnection connection, TopicPartition name, FindOffsetRequest request, CancellationToken cancellationToken) =>
        (await connection.FindPlaceAsync(name, request, cancellationToken).ConfigureAwait(false)).Offset;

    /// <summary>As <see cref="FindAsync"/>, with everything that the answer says.</summary>
    public static Task<FindOffsetResponse> FindPlaceAsync(
        this ClusterConnection connection, TopicPartition name, FindOffsetRequest request, CancellationToken cancellationToken) =>
        connection.CallAsync($"looking for an offset of {name}", () => FindOnceAsync(connection, request), cancellationToken);

    private static async Task<FindOffsetResponse> FindOnceAsync(ClusterConnection connection, FindOffsetRequest request)
    {
        var route = await connection.Router.FindAsync(request.Partition).ConfigureAwait(false);
        return await connection.Router.AskAsync(
            route,
            async () => route.Endpoint is { } endpoint
                ? await connection.Router.AwaitAsync(route, endpoint.FindOffsetAsync(request), TimeSpan.MaxValue).ConfigureAwait(false)
                : await FindThroughGrainAsync(route, request).ConfigureAwait(false),
            static found => (found.Error, found.Message, found.Leader)).ConfigureAwait(false);
    }

    private static async Task<FindOffsetResponse> FindThroughGrainAsync(PartitionRoute route, FindOffsetRequest request)
    {
        if (request.Position is OffsetPosition.Timestamp or OffsetPosition.Record)
        {
            return new FindOffsetResponse(
                ErrorCode.Unreachable, Offset.None, Message: "The silo that leads the partition cannot be addressed directly at the moment.");
        }

        // Nothing lies at this offset, so the answer holds the extent of the log and no batches.
        var fetched = await route.Grain.FetchAsync(new FetchPartition(request.Partition, new Offset(long.MaxValue), 1)).ConfigureAwait(false);
        return fetched.Error is ErrorCode.OffsetOutOfRange
            ? new FindOffsetResponse(ErrorCode.None, request.Position == OffsetPosition.Beginning ? fetched.LogStartOffset : fetched.HighWatermark)
            : new FindOffsetResponse(fetched.Error, Offset.None, Message: fetched.Message, Leader: fetched.Leader);
    }
}
