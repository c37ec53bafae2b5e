using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MudBlazor;
using MudBlazor.Services;
using OrleansStream.Client;
using OrleansStream.Dashboard.Access;
using OrleansStream.Dashboard.Actions;
using OrleansStream.Dashboard.Layout;
using OrleansStream.Dashboard.Records;
using OrleansStream.Dashboard.Watching;

namespace OrleansStream.Dashboard;

/// <summary>Puts the dashboard into an ASP.NET Core application.</summary>
public static class DashboardExtensions
{
    /// <summary>
    /// Registers the dashboard, and a client unless there is one. Settings come from the section <c>OrleansStream:Dashboard</c> and then
    /// from <paramref name="configure"/>. A host that is a silo calls this after adding the silo.
    /// </summary>
    public static IServiceCollection AddOrleansStreamDashboard(this IServiceCollection services, Action<DashboardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<DashboardOptions>()
            .BindConfiguration(DashboardOptions.SectionName)
            .Configure(options => configure?.Invoke(options))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<DashboardOptions>, OptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddOrleansStreamClient();
        services.AddSingleton<DashboardPath>();
        services.AddSingleton<Watch>();
        services.AddSingleton<RecordWriter>();
        services.AddScoped<OperatorActions>();
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            mud.SnackbarConfiguration.VisibleStateDuration = 4000;
            mud.SnackbarConfiguration.HideTransitionDuration = 150;
            mud.SnackbarConfiguration.ShowTransitionDuration = 150;
        });
        services.AddCascadingAuthenticationState();
        services.AddHttpContextAccessor();
        AccessServices.Add(services);
        return services;
    }

    /// <summary>Serves the dashboard, with everything it needs, below a path.</summary>
    /// <param name="app">The application.</param>
    /// <param name="path">Where; <c>/</c> for the whole site.</param>
    public static IEndpointConventionBuilder MapOrleansStreamDashboard(this WebApplication app, string path = "/")
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Services.GetRequiredService<DashboardPath>().Set(path);
        AccessServices.UseProvider(app.Services);
        app.Use(RefuseOtherOriginsAsync);
        app.UseAntiforgery();
        var group = app.MapGroup(app.Services.GetRequiredService<DashboardPath>().Base.TrimEnd('/'));
        group.MapStaticAssets();
        SignInEndpoints.Map(group);
        var pages = group.MapRazorComponents<App>().AddInteractiveServerRenderMode().WithStaticAssets();
        pages.Add(static endpoint => endpoint.Metadata.Add(DashboardEndpoint.Instance));
        pages.RequireAuthorization(AccessNames.Policy);
        return pages;
    }

    /// <summary>
    /// A page of another site could open a connection to the dashboard from the browser of somebody who is signed in; browsers let
    /// that pass for web sockets, and say where it comes from.
    /// </summary>
    private static Task RefuseOtherOriginsAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<DashboardEndpoint>() is not null
            && context.Request.Headers.Origin is [{ Length: > 0 } origin]
            && (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.Authority != context.Request.Host.Value))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }

        return next(context);
    }

    private sealed class DashboardEndpoint
    {
        public static DashboardEndpoint Instance { get; } = new();
    }

    private sealed class OptionsValidator : IValidateOptions<DashboardOptions>
    {
        public ValidateOptionsResult Validate(string? name, DashboardOptions options) =>
            options.TryValidate(out var problem) ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problem);
    }
}
