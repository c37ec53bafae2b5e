using OrleansStream.Endpoint;

namespace OrleansStream.Client.Connection;

/// <summary>Fetches the batches of one partition as they are stored, for tools that look into a log without consuming it.</summary>
internal static class BatchFetcher
{
    /// <summary>Fetches from an offset on; retries what may pass.</summary>
    /// <param name="connection">The cluster.</param>
    /// <param name="name">The partition's name, for messages.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="maxWait">How long the owner waits for records when there are none yet.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OrleansStreamException">The partition does not exist, cannot be reached, or does not hold the offset.</exception>
    public static Task<FetchedPartition> FetchAsync(
        this ClusterConnection connection, TopicPartition name, FetchPartition request, TimeSpan maxWait, CancellationToken cancellationToken) =>
        connection.CallAsync($"reading {name}", () => FetchOnceAsync(connection, request, maxWait, cancellationToken), cancellationToken);

    private static async Task<FetchedPartition> FetchOnceAsync(
        ClusterConnection connection, FetchPartition request, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var route = await connection.Router.FindAsync(request.Partition, cancellationToken).ConfigureAwait(false);
        return await connection.Router.AskAsync(
            route,
            async () => route.Endpoint is { } endpoint
                ? (await connection.Router.AwaitAsync(
                    route,
                    endpoint.FetchAsync(new FetchRequest([request], 1, request.MaxBytes, maxWait), cancellationToken),
                    TimeSpan.MaxValue).ConfigureAwait(false)).Partitions[0]
                : await route.Grain.FetchAsync(request).ConfigureAwait(false),
            static fetched => (fetched.Error, fetched.Message, fetched.Leader)).ConfigureAwait(false);
    }
}
