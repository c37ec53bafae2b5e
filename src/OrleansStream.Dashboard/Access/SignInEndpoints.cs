using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace OrleansStream.Dashboard.Access;

/// <summary>The ways in and out, which work without a script.</summary>
internal static class SignInEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in", (HttpContext context, string? returnUrl) => Page(context, returnUrl, hasFailed: false));
        routes.MapPost("/sign-in", PostAsync).DisableAntiforgery();
        routes.MapGet("/sign-in/provider", (string? returnUrl, DashboardPath path, IOptionsMonitor<DashboardOptions> options) =>
            options.CurrentValue.OpenIdConnect.IsConfigured
                ? Results.Challenge(new AuthenticationProperties { RedirectUri = Local(returnUrl, path) }, [AccessNames.ProviderScheme])
                : Results.NotFound());
        routes.MapPost("/sign-out", SignOutAsync).DisableAntiforgery();
        routes.MapGet("/no-access", () => new RazorComponentResult<Layout.NoAccess> { StatusCode = StatusCodes.Status403Forbidden });
    }

    /// <summary>Where to go after signing in: a place in the dashboard, whatever the link says.</summary>
    internal static string Local(string? returnUrl, DashboardPath path) =>
        returnUrl is not null && returnUrl.StartsWith(path.Base, StringComparison.Ordinal)
            && !returnUrl.StartsWith("//", StringComparison.Ordinal) && !returnUrl.StartsWith("/\\", StringComparison.Ordinal)
            ? returnUrl
            : path.Base;

    private static RazorComponentResult<Layout.SignIn> Page(HttpContext context, string? returnUrl, bool hasFailed)
    {
        context.Response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<Layout.SignIn>(new Dictionary<string, object?>
        {
            [nameof(Layout.SignIn.ReturnUrl)] = returnUrl,
            [nameof(Layout.SignIn.HasFailed)] = hasFailed,
        })
        {
            StatusCode = hasFailed ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK,
        };
    }

    // Checked here rather than by the middleware, so that a form that was open for too long leads back to the form.
    private static async Task<IResult> PostAsync(HttpContext context, IAntiforgery antiforgery, SignInDesk desk, DashboardPath path, string? returnUrl)
    {
        if (!await antiforgery.IsRequestValidAsync(context).ConfigureAwait(false))
        {
            return Results.LocalRedirect(path.Of("sign-in"));
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        return await desk.TrySignInAsync(context, form["name"], form["password"]).ConfigureAwait(false)
            ? Results.LocalRedirect(Local(returnUrl, path))
            : Page(context, returnUrl, hasFailed: true);
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, IAntiforgery antiforgery, SignInDesk desk, DashboardPath path)
    {
        // The session is not looked at by any policy here, so it has to be asked for.
        var session = await context.AuthenticateAsync(AccessNames.CookieScheme).ConfigureAwait(false);
        if (session.Principal is { } principal)
        {
            context.User = principal;
        }

        if (await antiforgery.IsRequestValidAsync(context).ConfigureAwait(false))
        {
            await desk.SignOutAsync(context).ConfigureAwait(false);
        }

        return Results.LocalRedirect(path.Of("sign-in"));
    }
}
