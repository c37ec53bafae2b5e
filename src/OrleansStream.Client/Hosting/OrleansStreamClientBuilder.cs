using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Hosting;
using OrleansStream.Client.Producing;

namespace OrleansStream.Client;

/// <summary>Adds to an application what works over its <see cref="OrleansStreamClient"/>.</summary>
public sealed class OrleansStreamClientBuilder
{
    /// <summary>The section whose values every producer begins with.</summary>
    public const string ProducerSectionName = "OrleansStream:Producer";

    /// <summary>The section whose values every hosted consumer begins with.</summary>
    public const string ConsumerSectionName = "OrleansStream:Consumer";

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

    /// <summary>
    /// Runs consumers of a group in the background, from the start of the application to its end, and hands every record to a
    /// <typeparamref name="THandler"/>, which is made anew in a scope of its own. A record is committed only after its handler
    /// succeeded; one that failed is tried again, and until then nothing behind it in its partition is handled.
    /// </summary>
    /// <remarks>May be called several times, also for the same group. The handler is registered as scoped unless it is registered already.</remarks>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    /// <typeparam name="THandler">Handles the records.</typeparam>
    /// <param name="groupId">The group, which shares the partitions of the topics among all its consumers, here and elsewhere.</param>
    /// <param name="topics">The topics.</param>
    /// <param name="configure">Changes the options, which begin with the section <see cref="ConsumerSectionName"/>: <c>options => options with { … }</c>.</param>
    public OrleansStreamClientBuilder AddConsumer<TKey, TValue, THandler>(
        string groupId, IReadOnlyList<string> topics, Func<HostedConsumerOptions<TKey, TValue>, HostedConsumerOptions<TKey, TValue>>? configure = null)
        where THandler : class, IRecordHandler<TKey, TValue>
    {
        Services.TryAddScoped<THandler>();
        return AddConsumer<TKey, TValue>(
            groupId,
            topics,
            options => (configure?.Invoke(options) ?? options) with { MaxBatchRecords = 1 },
            static (scope, batch, token) => scope.GetRequiredService<THandler>().HandleAsync(batch[0], token));
    }

    /// <summary>As <see cref="AddConsumer{TKey, TValue, THandler}"/>, with batches of records instead of single ones.</summary>
    /// <inheritdoc cref="AddConsumer{TKey, TValue, THandler}"/>
    public OrleansStreamClientBuilder AddBatchConsumer<TKey, TValue, THandler>(
        string groupId, IReadOnlyList<string> topics, Func<HostedConsumerOptions<TKey, TValue>, HostedConsumerOptions<TKey, TValue>>? configure = null)
        where THandler : class, IBatchHandler<TKey, TValue>
    {
        Services.TryAddScoped<THandler>();
        return AddConsumer<TKey, TValue>(
            groupId,
            topics,
            options => configure?.Invoke(options) ?? options,
            static (scope, batch, token) => scope.GetRequiredService<THandler>().HandleAsync(batch, token));
    }

    private OrleansStreamClientBuilder AddConsumer<TKey, TValue>(
        string groupId,
        IReadOnlyList<string> topics,
        Func<HostedConsumerOptions<TKey, TValue>, HostedConsumerOptions<TKey, TValue>> configure,
        BatchHandling<TKey, TValue> handle)
    {
        ArgumentException.ThrowIfNullOrEmpty(groupId);
        ArgumentNullException.ThrowIfNull(topics);

        // Not AddHostedService, which takes two registrations of the same types for one.
        Services.AddSingleton<IHostedService>(provider =>
        {
            var options = new HostedConsumerOptions<TKey, TValue>();
            provider.GetService<IConfiguration>()?.GetSection(ConsumerSectionName).Bind(options);
            options = configure(options with { GroupId = groupId, Topics = topics });
            try
            {
                var client = provider.GetRequiredService<OrleansStreamClient>();
                return new HostedConsumer<TKey, TValue>(client.Connection, provider.GetRequiredService<IServiceScopeFactory>(), options, handle);
            }
            catch (ArgumentException exception)
            {
                throw new OptionsValidationException(
                    ConsumerSectionName, typeof(ConsumerOptions), [$"The hosted consumer of group '{groupId}' cannot start: {exception.Message}"]);
            }
        });
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
