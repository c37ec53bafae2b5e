using System.ComponentModel;
using System.Globalization;

namespace OrleansStream.Chaos.Cluster;

/// <summary>
/// A bridge, and for each silo a network namespace on it, so that single links can be cut. The database and the clients are on the
/// bridge itself, at two addresses. Needs root and the <c>ip</c> program. What an earlier run left behind is removed.
/// </summary>
internal sealed class NetworkLab : IAsyncDisposable
{
    private const string NamePrefix = "osc";
    private const string BridgeAddress = "02:00:00:00:00:01";
    private readonly string _bridge = $"{NamePrefix}{Environment.ProcessId}";
    private readonly string _subnet = string.Create(CultureInfo.InvariantCulture, $"10.{200 + (Environment.ProcessId / 250 % 50)}.{Environment.ProcessId % 250}");
    private readonly List<string> _spaces = [];

    private NetworkLab()
    {
    }

    public string DatabaseAddress => $"{_subnet}.2";

    public string Subnet => $"{_subnet}.0/24";

    /// <summary>Makes the bridge.</summary>
    /// <returns>The lab, or why there cannot be one here.</returns>
    public static async Task<(NetworkLab? Lab, string? Obstacle)> TryCreateAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return (null, "only root can make networks whose links can be cut");
        }

        var lab = new NetworkLab();
        try
        {
            await RemoveLeftoversAsync();
            // With an address of its own: by default a bridge takes the lowest of its ports', so that a silo that joins may change it, and
            // then others do not reach the database for as long as they remember the old one.
            await Shell.RunAsync("ip", "link", "add", lab._bridge, "address", BridgeAddress, "type", "bridge");
            await Shell.RunAsync("ip", "addr", "add", $"{lab._subnet}.1/24", "dev", lab._bridge);
            await Shell.RunAsync("ip", "addr", "add", $"{lab.DatabaseAddress}/24", "dev", lab._bridge);
            await Shell.RunAsync("ip", "link", "set", lab._bridge, "up");
            return (lab, null);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            await lab.DisposeAsync();
            return (null, $"networks cannot be made here: {exception.Message}");
        }
    }

    /// <summary>Makes the network of a silo.</summary>
    /// <returns>Its address, and the words to put before a program that shall run there.</returns>
    public async Task<(string Address, IReadOnlyList<string> Prefix)> AddAsync(string silo)
    {
        var (space, host, guest) = (Space(silo), Link(silo), $"{Link(silo)}g");
        _spaces.Add(silo);
        var address = string.Create(CultureInfo.InvariantCulture, $"{_subnet}.{10 + _spaces.Count}");
        await Shell.RunAsync("ip", "netns", "add", space);
        await Shell.RunAsync("ip", "link", "add", host, "type", "veth", "peer", "name", guest, "netns", space);
        await Shell.RunAsync("ip", "link", "set", host, "master", _bridge, "up");
        await Shell.RunAsync("ip", "-n", space, "addr", "add", $"{address}/24", "dev", guest);
        await Shell.RunAsync("ip", "-n", space, "link", "set", guest, "up");
        await Shell.RunAsync("ip", "-n", space, "link", "set", "lo", "up");
        return (address, ["ip", "netns", "exec", space]);
    }

    /// <summary>Takes the cable out of a silo, or puts it back.</summary>
    public Task SetLinkAsync(string silo, bool isUp) => Shell.RunAsync("ip", "link", "set", Link(silo), isUp ? "up" : "down");

    /// <summary>Drops, in silence, what a silo sends to an address.</summary>
    public Task BlockAsync(string silo, string address) => Shell.RunAsync("ip", "-n", Space(silo), "route", "add", "blackhole", $"{address}/32");

    /// <summary>The opposite of <see cref="BlockAsync"/>.</summary>
    public Task UnblockAsync(string silo, string address) => Shell.RunAsync("ip", "-n", Space(silo), "route", "del", "blackhole", $"{address}/32");

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _spaces)
        {
            await TryAsync("netns", "del", Space(silo));
        }

        await TryAsync("link", "del", _bridge);
    }

    /// <summary>The kernel takes 15 letters.</summary>
    private string Link(string silo) => $"{_bridge}{silo.Replace("silo-", "s", StringComparison.Ordinal)}";

    private string Space(string silo) => $"{_bridge}-{silo}";

    private static async Task RemoveLeftoversAsync()
    {
        const string spaces = "/run/netns";
        foreach (var space in Directory.Exists(spaces) ? Directory.GetFiles(spaces, $"{NamePrefix}*-silo-*") : [])
        {
            var name = Path.GetFileName(space);
            var owner = name[NamePrefix.Length..name.IndexOf('-', StringComparison.Ordinal)];
            if (!Directory.Exists($"/proc/{owner}"))
            {
                await TryAsync("netns", "del", name);
                await TryAsync("link", "del", $"{NamePrefix}{owner}");
            }
        }
    }

    private static async Task TryAsync(params string[] arguments)
    {
        try
        {
            await Shell.RunAsync("ip", arguments);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It is gone already.
        }
    }
}
