namespace OrleansStream.Client;

/// <summary>How a client finds the cluster. Bound from the section <c>OrleansStream:Client</c> when registered with dependency injection.</summary>
public sealed class OrleansStreamClientOptions
{
    /// <summary>The gateways of one or more silos, as <c>host:port</c>; the rest of the cluster is found through them. 127.0.0.1:30000.</summary>
    public IList<string> Servers { get; } = [];

    /// <summary>Must equal the silos' setting of the same name. <c>orleansstream</c>.</summary>
    public string ClusterId { get; set; } = "orleansstream";

    /// <summary>Must equal the silos' setting of the same name. <c>orleansstream</c>.</summary>
    public string ServiceId { get; set; } = "orleansstream";

    /// <summary>How long connecting may take before it fails. Ten seconds.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an administrative call is retried while no silo answers. Thirty seconds.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
