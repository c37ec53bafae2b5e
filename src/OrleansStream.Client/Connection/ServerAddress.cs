using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Client.Connection;

/// <summary>The address of a silo's gateway as people write it.</summary>
internal readonly record struct ServerAddress(string Host, int Port)
{
    public const int DefaultPort = 30000;

    /// <summary>Reads <c>host:port</c>, <c>host</c>, <c>address:port</c> or <c>[IPv6 address]:port</c>.</summary>
    public static bool TryParse(string? text, out ServerAddress address, [NotNullWhen(false)] out string? problem)
    {
        var trimmed = text?.Trim() ?? "";
        var colon = trimmed.LastIndexOf(':');
        var hasPort = colon >= 0 && !trimmed.EndsWith(']') && (trimmed.StartsWith('[') || trimmed.IndexOf(':') == colon);
        var host = (hasPort ? trimmed[..colon] : trimmed).Trim('[', ']');
        var port = DefaultPort;
        var isGood = host.Length > 0 && Uri.CheckHostName(host) != UriHostNameType.Unknown
            && (!hasPort || (int.TryParse(trimmed.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535));
        address = isGood ? new(host, port) : default;
        problem = isGood ? null : $"must be addresses like 'host:30000'; '{text}' is not one.";
        return isGood;
    }

    /// <summary>Finds the addresses behind the name; those of IPv4 first, since silos listen there by default.</summary>
    /// <exception cref="SocketException">The name cannot be resolved.</exception>
    public async Task<IEnumerable<IPEndPoint>> ResolveAsync(CancellationToken cancellationToken)
    {
        var port = Port;
        var addresses = IPAddress.TryParse(Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(Host, cancellationToken).ConfigureAwait(false);
        var usable = addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork).ToArray();
        return (usable.Length > 0 ? usable : addresses).Select(a => new IPEndPoint(a, port));
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
