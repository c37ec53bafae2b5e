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
    private readonly Lock _lock = new();
    private readonly Dictionary<Uri, Occupant> _occupants = [];
    private readonly IServerDirectory? _directory;
    private readonly string _clusterId;
    private readonly TimeProvider _time;
    private HashSet<Uri> _asked = [];
    private HashSet<Uri> _discovered = [];
    private HashSet<Uri> _given = [];
    private Uri[] _named = [];
    private ServerAddress[] _listed = [];
    private volatile Exception? _directoryFailure;

    public GatewayList(List<ServerAddress> servers, IServerDirectory? directory, string clusterId, TimeSpan refreshPeriod, TimeProvider time)
    {
        _time = time;
        _servers = servers;
        _directory = directory;
        _clusterId = clusterId;
        MaxStaleness = refreshPeriod * 0.8;
    }

    /// <summary>How long Orleans' client leaves out what it found dead; shorter than the time to the next list, which gives it another try.</summary>
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

        lock (_lock)
        {
            _given = [.. _named, .. _discovered, .. _asked];
            foreach (var (gateway, occupant) in _occupants)
            {
                if (!_given.Contains(gateway))
                {
                    _occupants.Remove(gateway);
                }
                else if (_time.GetElapsedTime(occupant.Since) >= occupant.Wait)
                {
                    occupant.IsInUse = true;
                }
            }

            return [.. _given];
        }
    }

    /// <summary>
    /// Tells whether Orleans' client sends to a silo through its own gateway. One that it was not given joins the next list. One at
    /// which another silo was before counts as dead for it, for up to <see cref="MaxStaleness"/> after it last found it so. To
    /// address such a gateway all the same would have the message go round through other silos, and be lost there.
    /// </summary>
    public bool IsInUse(SiloAddress silo, SiloAddress gateway)
    {
        // A silo without a gateway is named instead, and has a generation; there is nothing to wait for then.
        if (gateway.Generation != 0)
        {
            return true;
        }

        var uri = gateway.ToGatewayUri();
        lock (_lock)
        {
            if (!_occupants.TryGetValue(uri, out var occupant))
            {
                _occupants[uri] = occupant = new Occupant(silo, _time.GetTimestamp(), TimeSpan.Zero) { IsInUse = _given.Contains(uri) };
            }
            else if (occupant.Silo is null || occupant.Silo.Generation < silo.Generation)
            {
                _occupants[uri] = occupant = new Occupant(silo, _time.GetTimestamp(), MaxStaleness);
            }

            if (!occupant.IsInUse)
            {
                _asked.Add(uri);
            }

            return occupant.IsInUse && occupant.Silo == silo;
        }
    }

    /// <summary>Takes over the gateways of the cluster's active silos.</summary>
    public void Learn(ClusterDescription cluster)
    {
        HashSet<Uri> discovered =
        [
            .. from silo in cluster.Silos
               where silo.Gateway is not null && silo.Status == nameof(SiloStatus.Active)
               let endpoint = IPEndPoint.TryParse(silo.Gateway!, out var parsed) ? parsed : null
               where endpoint is not null
               select UriOf(endpoint),
        ];
        lock (_lock)
        {
            // The cluster's own word about what there is: a gateway that was asked for meanwhile is in it, or gone.
            _discovered = discovered;
            _asked = [];
            foreach (var gateway in _given.Except(discovered))
            {
                // Whoever is there next comes to an address that did not answer.
                _occupants[gateway] = new Occupant(null, _time.GetTimestamp(), TimeSpan.Zero);
            }
        }
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

    /// <summary>Who is behind a gateway's address.</summary>
    /// <param name="silo">The silo; null for nobody.</param>
    /// <param name="since">Since when it is known, as a reading of the clock.</param>
    /// <param name="wait">How long a list has to come after that for it to be taken as alive.</param>
    private sealed class Occupant(SiloAddress? silo, long since, TimeSpan wait)
    {
        public SiloAddress? Silo => silo;

        public long Since => since;

        public TimeSpan Wait => wait;

        public bool IsInUse { get; set; }
    }
}
