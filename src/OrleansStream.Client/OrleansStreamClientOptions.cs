using Microsoft.Extensions.Logging;

namespace OrleansStream.Client;

/// <summary>How a client finds the cluster. Bound from the section <c>OrleansStream:Client</c> when registered with dependency injection.</summary>
public sealed class OrleansStreamClientOptions
{
    /// <summary>The configuration section that <c>AddOrleansStreamClient</c> binds.</summary>
    public const string SectionName = "OrleansStream:Client";

    /// <summary>The gateway that is used when <see cref="Servers"/> is empty.</summary>
    public const string DefaultServer = "127.0.0.1:30000";

    /// <summary>
    /// The gateways of one or more silos, as <c>host:port</c> or <c>host</c> with port 30000; the rest of the cluster is found
    /// through them. <see cref="DefaultServer"/> when empty, unless there is a <see cref="ServerDirectory"/>.
    /// </summary>
    public IList<string> Servers { get; } = [];

    /// <summary>Finds silos beside, or instead of, <see cref="Servers"/>. None.</summary>
    public IServerDirectory? ServerDirectory { get; set; }

    /// <summary>Must equal the silos' setting of the same name. <c>orleansstream</c>.</summary>
    public string ClusterId { get; set; } = "orleansstream";

    /// <summary>Must equal the silos' setting of the same name. <c>orleansstream</c>.</summary>
    public string ServiceId { get; set; } = "orleansstream";

    /// <summary>How long connecting may take, attempts included, before it fails. Ten seconds.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an administrative call is retried while no silo answers. Thirty seconds; five at most while silos answer that their storage fails.
    /// </summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The TCP connections to each silo. More than one lets several cores serve the sockets. Two.</summary>
    public int ConnectionsPerServer { get; set; } = 2;

    /// <summary>Where the client, and Orleans below it, log to. Nowhere, or to the application's logging when registered with dependency injection.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The clock of timeouts, retries and record timestamps. The system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Checks the settings.</summary>
    /// <param name="problem">The full name of a wrong setting, and what it has to be.</param>
    /// <returns>True when they can be used.</returns>
    public bool TryValidate([System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? problem)
    {
        problem = null;
        foreach (var server in Servers)
        {
            if (!Connection.ServerAddress.TryParse(server, out _, out var detail))
            {
                problem = $"{SectionName}:{nameof(Servers)} {detail}";
            }
        }

        problem ??= string.IsNullOrWhiteSpace(ClusterId) ? Wrong(nameof(ClusterId), "must not be empty")
            : string.IsNullOrWhiteSpace(ServiceId) ? Wrong(nameof(ServiceId), "must not be empty")
            : ConnectTimeout <= TimeSpan.Zero ? Wrong(nameof(ConnectTimeout), $"must be positive, not {ConnectTimeout}")
            : RequestTimeout <= TimeSpan.Zero ? Wrong(nameof(RequestTimeout), $"must be positive, not {RequestTimeout}")
            : ConnectionsPerServer is < 1 or > 64 ? Wrong(nameof(ConnectionsPerServer), $"must be 1 to 64, not {ConnectionsPerServer}")
            : null;
        return problem is null;

        static string Wrong(string name, string what) => $"{SectionName}:{name} {what}.";
    }
}
