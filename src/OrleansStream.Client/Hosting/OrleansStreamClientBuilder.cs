using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansStream.Client.Hosting;
using OrleansStream.Client.Producing;

namespace OrleansStream.Client;

/// <summary>Adds to an application what works over its <see cref="OrleansStreamClient"/>.</summary>
public sealed class OrleansStreamClientBuilder
{
    /// <summary>The section whose values every producer begins with.</summary>
    public const string ProducerSectionName = "OrleansStream:Producer";

    internal OrleansStreamClientBuilder(IServiceCollection services) => Services = services;

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Registers an <see cref="IProducer{TKey, TValue}"/> for the whole application. Its options begin with the section
    /// <see cref="ProducerSectionName"/>, if there is one. It is flushed when the application stops.
    /// </summary>
    /// <param name="configure">Changes the options: <c>options => options with { … }</c>.</param>
    public OrleansStreamClientBuilder AddProducer<TKey, TValue>(
        Func<ProducerOptions<TKey, TValue>, ProducerOptions<TKey, TValue>>? configure = null)
    {
        Services.AddSingleton(provider => Create(provider, configure));
        Services.AddSingleton(new ProducerRegistration(
            static provider => _ = provider.GetRequiredService<IProducer<TKey, TValue>>(),
            static (provider, token) => provider.GetRequiredService<IProducer<TKey, TValue>>().FlushAsync(token)));
        return this;
    }

    /// <summary>As the other overload, for producers that are told apart by a key (<c>[FromKeyedServices(key)]</c>).</summary>
    /// <param name="serviceKey">The key.</param>
    /// <param name="configure">Changes the options.</param>
    public OrleansStreamClientBuilder AddKeyedProducer<TKey, TValue>(
        object serviceKey, Func<ProducerOptions<TKey, TValue>, ProducerOptions<TKey, TValue>>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(serviceKey);
        Services.AddKeyedSingleton(serviceKey, (provider, _) => Create(provider, configure));
        Services.AddSingleton(new ProducerRegistration(
            provider => _ = provider.GetRequiredKeyedService<IProducer<TKey, TValue>>(serviceKey),
            (provider, token) => provider.GetRequiredKeyedService<IProducer<TKey, TValue>>(serviceKey).FlushAsync(token)));
        return this;
    }

    private static IProducer<TKey, TValue> Create<TKey, TValue>(
        IServiceProvider provider, Func<ProducerOptions<TKey, TValue>, ProducerOptions<TKey, TValue>>? configure)
    {
        var options = new ProducerOptions<TKey, TValue>();
        provider.GetService<IConfiguration>()?.GetSection(ProducerSectionName).Bind(options);
        options = configure?.Invoke(options) ?? options;
        return options.TryValidate(out var problem)
            ? provider.GetRequiredService<OrleansStreamClient>().CreateProducer(options)
            : throw new OptionsValidationException(ProducerSectionName, typeof(ProducerOptions), [$"{ProducerSectionName}:{problem}"]);
    }
}
