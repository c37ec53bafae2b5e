using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace OrleansStream.Dashboard.Access;

/// <summary>Registers who may come in, and how.</summary>
internal static class AccessServices
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<SignInDesk>();
        services.AddAuthentication()
            .AddPolicyScheme(AccessNames.Scheme, null, scheme => scheme.ForwardDefaultSelector = static context =>
                context.RequestServices.GetRequiredService<IOptionsMonitor<DashboardOptions>>().CurrentValue.HasSignIn
                    ? AccessNames.CookieScheme
                    : AccessNames.LocalScheme)
            .AddScheme<AuthenticationSchemeOptions, LocalAccess>(AccessNames.LocalScheme, null)
            .AddCookie(AccessNames.CookieScheme);
        services.AddOptions<CookieAuthenticationOptions>(AccessNames.CookieScheme)
            .Configure<IOptions<DashboardOptions>, DashboardPath>(static (cookie, options, path) =>
            {
                cookie.Cookie.Name = AccessNames.Cookie;
                cookie.Cookie.HttpOnly = true;

                // Lax, because a provider sends people back from another site; strict would forget them on the way.
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                cookie.ExpireTimeSpan = options.Value.SessionLifetime;
                cookie.SlidingExpiration = true;
                cookie.LoginPath = path.Of("sign-in");
                cookie.AccessDeniedPath = path.Of("no-access");
                cookie.Events.OnValidatePrincipal = static async context =>
                {
                    var desk = context.HttpContext.RequestServices.GetRequiredService<SignInDesk>();
                    if (context.Principal is null || !desk.IsCurrent(context.Principal))
                    {
                        context.RejectPrincipal();
                        await context.HttpContext.SignOutAsync(AccessNames.CookieScheme).ConfigureAwait(false);
                    }
                };
            });
        services.AddAuthorizationBuilder().AddPolicy(AccessNames.Policy, policy => policy
            .AddAuthenticationSchemes(AccessNames.Scheme)
            .RequireRole(DashboardRoles.Viewer, DashboardRoles.Operator));
        AddProvider(services);
    }

    /// <summary>Makes the provider's scheme known, if there is one: a scheme that is not fully configured would fail every request.</summary>
    public static void UseProvider(IServiceProvider services)
    {
        if (services.GetRequiredService<IOptions<DashboardOptions>>().Value.OpenIdConnect is { IsConfigured: true } provider)
        {
            services.GetRequiredService<IAuthenticationSchemeProvider>().TryAddScheme(
                new AuthenticationScheme(AccessNames.ProviderScheme, provider.DisplayName, typeof(OpenIdConnectHandler)));
        }
    }

    private static void AddProvider(IServiceCollection services)
    {
        services.AddTransient<OpenIdConnectHandler>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<OpenIdConnectOptions>, OpenIdConnectPostConfigureOptions>());
        services.AddOptions<OpenIdConnectOptions>(AccessNames.ProviderScheme)
            .Configure<IOptions<DashboardOptions>, DashboardPath>(static (connect, options, path) =>
            {
                var provider = options.Value.OpenIdConnect;
                connect.SignInScheme = AccessNames.CookieScheme;
                connect.Authority = provider.Authority;
                connect.ClientId = provider.ClientId;
                connect.ClientSecret = provider.ClientSecret;
                connect.ResponseType = OpenIdConnectResponseType.Code;
                connect.UsePkce = true;
                connect.MapInboundClaims = false;
                connect.CallbackPath = path.Of("sign-in/callback");
                connect.SignedOutCallbackPath = path.Of("sign-out/callback");
                connect.TokenValidationParameters.NameClaimType = "name";
                connect.TokenValidationParameters.RoleClaimType = ClaimTypes.Role;
                connect.Events.OnTokenValidated = context =>
                {
                    if (context.Principal?.Identity is ClaimsIdentity identity && RoleOf(identity, provider) is { } role)
                    {
                        identity.AddClaim(new Claim(ClaimTypes.Role, role));
                    }

                    return Task.CompletedTask;
                };
            });
    }

    /// <summary>What the provider's roles mean here; null for nothing.</summary>
    internal static string? RoleOf(ClaimsIdentity identity, DashboardProvider provider)
    {
        var roles = identity.FindAll(provider.RoleClaim).Select(claim => claim.Value).ToHashSet(StringComparer.Ordinal);
        return roles.Contains(provider.OperatorRole) ? DashboardRoles.Operator
            : provider.ViewerRole.Length == 0 || roles.Contains(provider.ViewerRole) ? DashboardRoles.Viewer
            : null;
    }
}

