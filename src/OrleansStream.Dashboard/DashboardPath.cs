namespace OrleansStream.Dashboard;

/// <summary>Where the host has put the dashboard; known once it was mapped.</summary>
internal sealed class DashboardPath
{
    /// <summary>With a slash at both ends.</summary>
    public string Base { get; private set; } = "/";

    public void Set(string path) => Base = path.Trim('/') is { Length: > 0 } name ? $"/{name}/" : "/";

    /// <summary>A page's path from the root of the host.</summary>
    public string Of(string page) => Base + page;
}
