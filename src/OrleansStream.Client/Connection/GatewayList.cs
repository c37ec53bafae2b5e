using System.Collections.Concurrent;
using System.Net;
using Orleans.Messaging;
using OrleansStream.Grains;

namespace OrleansStream.Client.Connection;

/// <summary>
/// The gateways that Orleans' client connects to: those the user or the user's directory named, and every silo of the cluster
/// that they did not. The named ones stay in the list, so that a cluster whose silos all moved is found again.
/// </summary>
internal sealed class GatewayList : IGatewayListProvider
{
    /// <summary>A directory that hangs must not keep the client from the gateways it knows.</summary>
    private static readonly TimeSpan s_directoryTimeout = TimeSpan.FromSeconds(5);

    private readonly List<ServerAddress> _servers;
    private readonly ConcurrentDictionary<SiloAddress, bool> _asked = new();
    private readonly IServerDirectory? _directory;
    private readonly string _clusterId;
    private volatile Uri[] _discovered = [];
    private volatile HashSet<Uri> _inUse = [];
    private Uri[] _named = [];
    private ServerAddress[] _listed = [];
    private volatile Exception? _directoryFailure;

    public GatewayList(List<ServerAddress> servers, IServerDirectory? directory, string clusterId, TimeSpan refreshPeriod)
    {
        _servers = servers;
        _directory = directory;
        _clusterId = clusterId;
        MaxStaleness = refreshPeriod;
    }

    public TimeSpan MaxStaleness { get; }

    /// <summary>Why the directory did not answer the last time; null when it did.</summary>
    public Exception? DirectoryFailure => _directoryFailure;

    [Obsolete("Part of the interface, without effect.")]
    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public async Task<IList<Uri>> GetGateways()
    {
        var named = new List<Uri>();
        Exception? failure = null;
        foreach (var server in _servers.Concat(await ReadDirectoryAsync().ConfigureAwait(false)))
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

    /// <summary>What the directory lists; what it listed before when it does not answer.</summary>
    private async Task<ServerAddress[]> ReadDirectoryAsync()
    {
        if (_directory is null)
        {
            return [];
        }

        using var timeout = new CancellationTokenSource(s_directoryTimeout);
        try
        {
            var listed = await _directory.GetServersAsync(_clusterId, timeout.Token).WaitAsync(timeout.Token).ConfigureAwait(false);
            _listed = [.. from text in listed let server = ServerAddress.TryParse(text, out var parsed, out _) ? parsed : (ServerAddress?)null where server is not null select server.Value];
            _directoryFailure = null;
        }
        catch (Exception exception)
        {
            // Somebody else's code: whatever went wrong there, the gateways that are known go on serving.
            _directoryFailure = exception;
        }

        return _listed;
    }

    private static Uri UriOf(IPEndPoint endpoint) => SiloAddress.New(endpoint, 0).ToGatewayUri();
}
