using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Dashboard;

/// <summary>
/// The dashboard's settings, bound from the configuration section <c>OrleansStream:Dashboard</c>. Without users and without a
/// provider it serves only this machine, whose users may do everything.
/// </summary>
public sealed class DashboardOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "OrleansStream:Dashboard";

    /// <summary>Whether the host serves it. True.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>Who may sign in by name and password.</summary>
    public IList<DashboardUser> Users { get; } = [];

    /// <summary>A provider whose users may sign in.</summary>
    public DashboardProvider OpenIdConnect { get; } = new();

    /// <summary>How long somebody stays signed in without doing anything. Eight hours.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(8);

    /// <summary>Whether anybody can sign in.</summary>
    public bool HasSignIn => Users.Count > 0 || OpenIdConnect.IsConfigured;

    /// <summary>Checks the settings.</summary>
    /// <param name="problem">Which one is wrong, and what it has to be.</param>
    public bool TryValidate([NotNullWhen(false)] out string? problem)
    {
        var names = Users.Select(user => user.Name).ToList();
        problem = Users.FirstOrDefault(user => string.IsNullOrWhiteSpace(user.Name) || string.IsNullOrWhiteSpace(user.PasswordHash)) is { } half
                ? $"{SectionName}:{nameof(Users)} has a user '{half.Name}' who lacks a name or a password hash; OrleansStream.Host --hash-password makes one."
            : Users.FirstOrDefault(user => !DashboardRoles.All.Contains(user.Role)) is { } wrong
                ? $"{SectionName}:{nameof(Users)}: the role of '{wrong.Name}' is {string.Join(" or ", DashboardRoles.All)}, not '{wrong.Role}'."
            : names.Distinct(StringComparer.OrdinalIgnoreCase).Count() != names.Count
                ? $"{SectionName}:{nameof(Users)} has two users of the same name."
            : OpenIdConnect is { IsConfigured: true, ClientId: null or "" }
                ? $"{SectionName}:{nameof(OpenIdConnect)} has an authority and needs a {nameof(DashboardProvider.ClientId)}."
            : SessionLifetime <= TimeSpan.Zero
                ? $"{SectionName}:{nameof(SessionLifetime)} must be positive, not {SessionLifetime}."
            : null;
        return problem is null;
    }
}

/// <summary>Somebody who may sign in by name and password.</summary>
public sealed class DashboardUser
{
    /// <summary>The name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The password's hash, as <see cref="DashboardPassword.Hash"/> makes it.</summary>
    public string PasswordHash { get; set; } = "";

    /// <summary>What the user may do: one of <see cref="DashboardRoles"/>. Viewer.</summary>
    public string Role { get; set; } = DashboardRoles.Viewer;
}

/// <summary>An OpenID Connect provider.</summary>
public sealed class DashboardProvider
{
    /// <summary>The provider's address, as <c>https://login.example.com/realm</c>; null for none.</summary>
    public string? Authority { get; set; }

    /// <summary>By which the provider knows the dashboard.</summary>
    public string? ClientId { get; set; }

    /// <summary>The secret that goes with it, if the provider wants one.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>What the button on the sign-in page says after "Sign in with".</summary>
    public string DisplayName { get; set; } = "your organisation";

    /// <summary>The claim that lists a user's roles. <c>roles</c>.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>The value of <see cref="RoleClaim"/> that makes an operator. <c>orleansstream-operator</c>.</summary>
    public string OperatorRole { get; set; } = "orleansstream-operator";

    /// <summary>The value of <see cref="RoleClaim"/> that makes a viewer; empty to let everybody view whom the provider lets in. <c>orleansstream-viewer</c>.</summary>
    public string ViewerRole { get; set; } = "orleansstream-viewer";

    /// <summary>Whether there is one.</summary>
    public bool IsConfigured => !string.IsNullOrWhiteSpace(Authority);
}

/// <summary>What somebody may do.</summary>
public static class DashboardRoles
{
    /// <summary>Look at everything, records included.</summary>
    public const string Viewer = "viewer";

    /// <summary>Look, and change.</summary>
    public const string Operator = "operator";

    /// <summary>Every role.</summary>
    public static IReadOnlyList<string> All { get; } = [Viewer, Operator];
}
