namespace OrleansStream.Client;

/// <summary>
/// Knows where the silos of a cluster are, so that a client need not be told. Asked when the client connects and every few
/// seconds from then on; called from any thread. Its <see cref="object.ToString"/> names it in errors.
/// </summary>
public interface IServerDirectory
{
    /// <summary>The gateways of the silos that clients may connect to now, as <c>host:port</c>.</summary>
    /// <param name="clusterId">The <see cref="OrleansStreamClientOptions.ClusterId"/> of the client that asks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <remarks>Whatever it throws means that it does not know at the moment; the client goes on with what it knew.</remarks>
    Task<IReadOnlyList<string>> GetServersAsync(string clusterId, CancellationToken cancellationToken);
}
