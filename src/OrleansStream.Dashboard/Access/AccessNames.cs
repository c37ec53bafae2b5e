namespace OrleansStream.Dashboard.Access;

/// <summary>Schemes, policies and claims, named so that they meet none of the host's own.</summary>
internal static class AccessNames
{
    /// <summary>Forwards to whichever of the others applies.</summary>
    public const string Scheme = "OrleansStream.Dashboard";
    public const string CookieScheme = "OrleansStream.Dashboard.Cookie";
    public const string LocalScheme = "OrleansStream.Dashboard.Local";
    public const string ProviderScheme = "OrleansStream.Dashboard.OpenIdConnect";

    public const string Policy = "OrleansStream.Dashboard";
    public const string Cookie = ".OrleansStream.Dashboard";

    /// <summary>Ties a session to the password it was begun with.</summary>
    public const string StampClaim = "stamp";
}
