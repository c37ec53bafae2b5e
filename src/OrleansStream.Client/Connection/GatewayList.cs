using System.Collections.Concurrent;
using System.Net;
using Orleans.Messaging;
using OrleansStream.Grains;

namespace OrleansStream.Client.Connection;

/// <summary>
/// The gateways that Orleans' client connects to: those the user named, and every silo of the cluster that the user did not.
/// The named ones stay in the list, so that a cluster whose silos all moved is found again.
/// </summary>
internal sealed class GatewayList : IGatewayListProvider
{
    private readonly List<ServerAddress> _servers;
    private readonly ConcurrentDictionary<SiloAddress, bool> _asked = new();
    private volatile Uri[] _discovered = [];
    private volatile HashSet<Uri> _inUse = [];
    private Uri[] _named = [];

    public GatewayList(List<ServerAddress> servers, TimeSpan refreshPeriod)
    {
        _servers = servers;
        MaxStaleness = refreshPeriod;
    }

    public TimeSpan MaxStaleness { get; }

    [Obsolete("Part of the interface, without effect.")]
    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public async Task<IList<Uri>> GetGateways()
    {
        var named = new List<Uri>();
        Exception? failure = null;
        foreach (var server in _servers)
        {
            try
            {
                named.AddRange((await server.ResolveAsync(CancellationToken.None).ConfigureAwait(false)).Select(UriOf));
            }
            catch (System.Net.Sockets.SocketException exception)
            {
                failure = exception;
            }
        }

        // A name server that is away for a while does not take the addresses away that worked before.
        if (named.Count > 0)
        {
            _named = [.. named];
        }
        else if (_named.Length == 0 && failure is not null)
        {
            throw new SiloUnavailableException(failure.Message, failure);
        }

        var all = _named.Union(_discovered).Union(_asked.Keys.Select(gateway => gateway.ToGatewayUri())).ToList();
        _inUse = [.. all];
        return all;
    }

    /// <summary>
    /// Tells whether Orleans' client was given a gateway with the last list. One that it was not given joins the next: to address
    /// it before that would have the message go round through other silos, and fail.
    /// </summary>
    public bool IsInUse(SiloAddress gateway)
    {
        // A silo without a gateway is named instead, and has a generation; there is nothing to wait for then.
        if (gateway.Generation != 0 || _inUse.Contains(gateway.ToGatewayUri()))
        {
            return true;
        }

        _asked[gateway] = true;
        return false;
    }

    /// <summary>Takes over the gateways of the cluster's active silos.</summary>
    public void Learn(ClusterDescription cluster)
    {
        _discovered =
        [
            .. from silo in cluster.Silos
               where silo.Gateway is not null && silo.Status == nameof(SiloStatus.Active)
               let endpoint = IPEndPoint.TryParse(silo.Gateway!, out var parsed) ? parsed : null
               where endpoint is not null
               select UriOf(endpoint),
        ];

        // The cluster's own word about what there is: a gateway that was asked for meanwhile is in it, or gone.
        _asked.Clear();
    }

    private static Uri UriOf(IPEndPoint endpoint) => SiloAddress.New(endpoint, 0).ToGatewayUri();
}
