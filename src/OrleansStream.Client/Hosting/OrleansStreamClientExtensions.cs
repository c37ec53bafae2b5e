using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Client.Hosting;

namespace OrleansStream.Client;

/// <summary>Puts the client into an application's services.</summary>
public static class OrleansStreamClientExtensions
{
    /// <summary>
    /// Registers one <see cref="OrleansStreamClient"/>. Settings come from the section <c>OrleansStream:Client</c>, if there is a
    /// configuration, and then from <paramref name="configure"/>. It connects when the application starts; an application whose
    /// cluster is not there does not start, and says so.
    /// </summary>
    /// <remarks>
    /// When the application has an <see cref="IClusterClient"/> of its own, because it is a silo or an Orleans client, that one is
    /// used. Call this after adding the silo: then what was produced is flushed before the silo stops.
    /// </remarks>
    /// <returns>Adds producers and consumers.</returns>
    public static OrleansStreamClientBuilder AddOrleansStreamClient(
        this IServiceCollection services, Action<OrleansStreamClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<OrleansStreamClientOptions>();
        if (services.Any(service => service.ServiceType == typeof(ClientLifetime)))
        {
            options.Configure(configure ?? (static _ => { }));
            return new OrleansStreamClientBuilder(services);
        }

        options.Configure<IServiceProvider>(static (options, provider) => Bind(options, provider)).Configure(configure ?? (static _ => { }));
        options.ValidateOnStart();
        services.AddSingleton<IValidateOptions<OrleansStreamClientOptions>, OptionsValidator>();
        services.AddSingleton<ClientLifetime>();
        services.AddHostedService(static provider => provider.GetRequiredService<ClientLifetime>());
        services.TryAddSingleton(static provider => provider.GetRequiredService<ClientLifetime>().Client);
        services.TryAddSingleton(static provider => provider.GetRequiredService<OrleansStreamClient>().Admin);
        return new OrleansStreamClientBuilder(services);
    }

    private static void Bind(OrleansStreamClientOptions options, IServiceProvider provider)
    {
        options.LoggerFactory = provider.GetService<ILoggerFactory>();
        options.TimeProvider = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        if (provider.GetService<IConfiguration>()?.GetSection(OrleansStreamClientOptions.SectionName) is not { } section)
        {
            return;
        }

        section.Bind(options);

        // A list fits in one environment variable only when it is written with commas.
        foreach (var server in section[nameof(options.Servers)]?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            options.Servers.Add(server);
        }
    }

    private sealed class OptionsValidator : IValidateOptions<OrleansStreamClientOptions>
    {
        public ValidateOptionsResult Validate(string? name, OrleansStreamClientOptions options) =>
            options.TryValidate(out var problem) ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problem);
    }
}
