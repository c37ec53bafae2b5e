using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Client.Administration;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;

namespace OrleansStream.Client;

/// <summary>
/// A connection to an OrleansStream cluster: makes producers, consumers and the admin client, which share it. One per
/// application is right. Safe for concurrent use. Dispose what it made before disposing it.
/// </summary>
public sealed class OrleansStreamClient : IAsyncDisposable
{
    private readonly OrleansConnector? _owned;

    private OrleansStreamClient(IClusterClient client, OrleansStreamClientOptions options, OrleansConnector? owned)
    {
        _owned = owned;
        var isInsideSilo = client.ServiceProvider.GetService<ILocalSiloDetails>() is not null;
        var loggers = options.LoggerFactory ?? client.ServiceProvider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        Connection = new ClusterConnection(
            new OrleansClusterGrains(client, isInsideSilo, owned?.Gateways), options.TimeProvider, Random.Shared, options.RequestTimeout, loggers);
        Admin = new AdminClient(Connection);
    }

    /// <summary>Manages topics, groups and the cluster.</summary>
    public IAdminClient Admin { get; }

    internal ClusterConnection Connection { get; }

    internal bool OwnsConnection => _owned is not null;

    /// <summary>Connects to a cluster.</summary>
    /// <param name="servers">The gateways of one or more silos, as <c>host:port[,host:port]</c>; the others are found through them.</param>
    /// <param name="configure">Changes the options; they start with <paramref name="servers"/> filled in.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.Unreachable"/>: no silo answered within the connect timeout.</exception>
    /// <exception cref="ArgumentException">An address or option is not acceptable.</exception>
    public static Task<OrleansStreamClient> ConnectAsync(
        string servers, Action<OrleansStreamClientOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(servers);
        var options = new OrleansStreamClientOptions();
        foreach (var server in servers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            options.Servers.Add(server);
        }

        configure?.Invoke(options);
        return ConnectAsync(options, cancellationToken);
    }

    /// <summary>Connects to the cluster that the options name.</summary>
    /// <inheritdoc cref="ConnectAsync(string, Action{OrleansStreamClientOptions}?, CancellationToken)"/>
    public static async Task<OrleansStreamClient> ConnectAsync(OrleansStreamClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.TryValidate(out var problem))
        {
            throw new ArgumentException(problem, nameof(options));
        }

        var client = Create(existing: null, options);
        try
        {
            await client.StartAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Uses an Orleans client that exists already: the application's own, or the one inside a silo, where data then passes
    /// without a network or a copy. Disposing leaves it open.
    /// </summary>
    /// <param name="client">A client that is, or will be, connected.</param>
    /// <param name="configure">Changes the options; those about connecting have no effect.</param>
    public static OrleansStreamClient Over(IClusterClient client, Action<OrleansStreamClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        var options = new OrleansStreamClientOptions();
        configure?.Invoke(options);
        return Create(client, options);
    }

    /// <summary>Makes a client that is not connected yet, over an Orleans client that exists or over one of its own.</summary>
    internal static OrleansStreamClient Create(IClusterClient? existing, OrleansStreamClientOptions options)
    {
        var owned = existing is null ? new OrleansConnector(options) : null;
        return new OrleansStreamClient(existing ?? owned!.Client, options, owned);
    }

    /// <summary>Connects a client of its own.</summary>
    internal Task StartAsync(CancellationToken cancellationToken) =>
        _owned?.StartAsync(Connection, cancellationToken) ?? Task.CompletedTask;

    /// <summary>Makes a producer. It costs no call, so a topic that does not exist shows with the first record.</summary>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is not acceptable.</exception>
    public IProducer<TKey, TValue> CreateProducer<TKey, TValue>(ProducerOptions<TKey, TValue>? options = null) =>
        new Producer<TKey, TValue>(Connection, options ?? new ProducerOptions<TKey, TValue>());

    /// <summary>
    /// Makes a consumer. It costs no call: with the first loop, or the first assignment by hand, it begins to fetch and, if it
    /// subscribes to topics as a member of a group, joins the group.
    /// </summary>
    /// <param name="options">What to consume, and how.</param>
    /// <exception cref="ArgumentException">An option is not acceptable.</exception>
    [SuppressMessage("Usage", "VSTHRD200", Justification = "A consumer is more than a sequence to be awaited.")]
    public IConsumer<TKey, TValue> CreateConsumer<TKey, TValue>(ConsumerOptions<TKey, TValue> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Consumer<TKey, TValue>(Connection, options);
    }

    /// <summary>Closes the connection, if it was opened by this instance.</summary>
    public ValueTask DisposeAsync() => _owned?.DisposeAsync() ?? ValueTask.CompletedTask;
}
