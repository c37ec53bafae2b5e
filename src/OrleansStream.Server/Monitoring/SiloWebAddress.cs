namespace OrleansStream.Server.Monitoring;

/// <summary>
/// Where this silo's process serves HTTP. The host writes it once it knows; it goes into the silo's reports, so that somebody who
/// watches the cluster through this silo can go on through another one when it dies.
/// </summary>
public sealed class SiloWebAddress
{
    private volatile string? _value;

    /// <summary>As <c>http://host:port</c>; null when it is not known.</summary>
    public string? Value
    {
        get => _value;
        set => _value = value;
    }
}
