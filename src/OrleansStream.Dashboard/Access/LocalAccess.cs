using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrleansStream.Dashboard.Access;

/// <summary>
/// Where nobody can sign in, whoever is on this machine is an operator and nobody else is let in. A request counts as local
/// when both ends of its connection are, when it names this machine as its host (a page elsewhere whose name was pointed here does
/// not), and when no proxy says that it passes on somebody else's.
/// </summary>
internal sealed class LocalAccess(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string UserName = "local user";

    private const string Refusal = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>OrleansStream</title>
        <style>body{font:15px/1.5 system-ui,sans-serif;max-width:42rem;margin:12vh auto;padding:0 1.5rem;color-scheme:light dark}code{font-size:13px}</style>
        <h1>Nobody can sign in yet</h1>
        <p>This dashboard serves other machines only to people who signed in, and no user is configured.</p>
        <p>Make a hash with <code>OrleansStream.Host --hash-password</code> and set<br>
        <code>OrleansStream:Dashboard:Users:0:Name</code>, <code>…:PasswordHash</code> and <code>…:Role</code> (viewer or operator),<br>
        or set <code>OrleansStream:Dashboard:OpenIdConnect:Authority</code> and <code>…:ClientId</code>.</p></html>
        """;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        IsLocal(Context) ? AuthenticateResult.Success(new AuthenticationTicket(Principal(), Scheme.Name)) : AuthenticateResult.NoResult());

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status403Forbidden;
        Response.ContentType = "text/html; charset=utf-8";
        return Response.WriteAsync(Refusal, Context.RequestAborted);
    }

    public static bool IsLocal(HttpContext context) =>
        IsLoopback(context.Connection.RemoteIpAddress) && IsLoopback(context.Connection.LocalIpAddress)
        && (string.Equals(context.Request.Host.Host, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(context.Request.Host.Host.Trim('[', ']'), out var host) && IPAddress.IsLoopback(host)))
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    private static ClaimsPrincipal Principal() => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.Name, UserName), new Claim(ClaimTypes.Role, DashboardRoles.Operator)], AccessNames.LocalScheme));

    private static bool IsLoopback(IPAddress? address) => address is not null && IPAddress.IsLoopback(address);
}
