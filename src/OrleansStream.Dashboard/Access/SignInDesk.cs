using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrleansStream.Dashboard.Access;

/// <summary>
/// Checks names and passwords. Slow by design, so only a few are checked at a time, and of one address one: whoever guesses waits
/// for himself alone. Safe for concurrent use.
/// </summary>
internal sealed partial class SignInDesk(IOptionsMonitor<DashboardOptions> options, TimeProvider time, ILogger<SignInDesk> logger) : IDisposable
{
    private const int AtOnce = 2;
    private const int WaitingOfOneAddress = 20;

    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Checked for unknown names, so that the time of an answer does not tell which names there are.</summary>
    private static readonly string s_nobody = DashboardPassword.Hash(Guid.NewGuid().ToString());

    private static readonly ConcurrencyLimiterOptions s_ofOneAddress = new() { PermitLimit = 1, QueueLimit = WaitingOfOneAddress };

    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly PartitionedRateLimiter<HttpContext> _addresses = PartitionedRateLimiter.Create<HttpContext, IPAddress>(static context =>
        RateLimitPartition.GetConcurrencyLimiter(context.Connection.RemoteIpAddress ?? IPAddress.None, static _ => s_ofOneAddress));

    /// <returns>False when name and password do not fit, after a pause, and at once when very many others of the same address wait already.</returns>
    public async Task<bool> TrySignInAsync(HttpContext context, string? name, string? password)
    {
        using var lease = await _addresses.AcquireAsync(context, cancellationToken: context.RequestAborted).ConfigureAwait(false);
        if (!lease.IsAcquired)
        {
            return false;
        }

        if (await CheckAsync(context, name, password).ConfigureAwait(false) is { } user)
        {
            await context.SignInAsync(AccessNames.CookieScheme, Principal(user)).ConfigureAwait(false);
            SignedIn(user.Name, user.Role);
            return true;
        }

        SignInFailed(name is { Length: <= 100 } ? name : "a name that is too long", context.Connection.RemoteIpAddress?.ToString());
        await Task.Delay(s_pauseAfterFailure, time, context.RequestAborted).ConfigureAwait(false);
        return false;
    }

    public async Task SignOutAsync(HttpContext context)
    {
        SignedOut(context.User.Identity?.Name);
        await context.SignOutAsync(AccessNames.CookieScheme).ConfigureAwait(false);
    }

    /// <summary>Whether a session is still good: its user is there, with the same password and role.</summary>
    public bool IsCurrent(ClaimsPrincipal principal)
    {
        // Sessions that a provider began last as long as their cookie.
        if (principal.FindFirstValue(AccessNames.StampClaim) is not { } stamp)
        {
            return true;
        }

        return Find(principal.Identity?.Name) is { } user && stamp == Stamp(user);
    }

    public void Dispose()
    {
        _turns.Dispose();
        _addresses.Dispose();
    }

    private async Task<DashboardUser?> CheckAsync(HttpContext context, string? name, string? password)
    {
        await _turns.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            var user = Find(name);
            return DashboardPassword.Verify(user?.PasswordHash ?? s_nobody, password ?? "") ? user : null;
        }
        finally
        {
            _turns.Release();
        }
    }

    private static ClaimsPrincipal Principal(DashboardUser user) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.Name, user.Name), new Claim(ClaimTypes.Role, user.Role), new Claim(AccessNames.StampClaim, Stamp(user))],
        AccessNames.CookieScheme));

    private static string Stamp(DashboardUser user) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{user.Role}:{user.PasswordHash}")).AsSpan(0, 12));

    private DashboardUser? Find(string? name) =>
        options.CurrentValue.Users.FirstOrDefault(user => string.Equals(user.Name, name, StringComparison.OrdinalIgnoreCase));

    [LoggerMessage(LogEvents.SignedIn, LogLevel.Information, "{User} signed in to the dashboard as {Role}.")]
    private partial void SignedIn(string user, string role);

    [LoggerMessage(LogEvents.SignInFailed, LogLevel.Warning, "Somebody at {Address} failed to sign in to the dashboard as {User}.")]
    private partial void SignInFailed(string user, string? address);

    [LoggerMessage(LogEvents.SignedOut, LogLevel.Information, "{User} signed out of the dashboard.")]
    private partial void SignedOut(string? user);
}
