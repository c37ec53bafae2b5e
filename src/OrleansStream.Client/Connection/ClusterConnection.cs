using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace OrleansStream.Client.Connection;

/// <summary>
/// What producers, consumers and the admin client of one <see cref="OrleansStreamClient"/> share: the grains, what is known of
/// topics and leaders, the clock, and the retry policy. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no wait handle; tokens of it may be taken at any time.")]
internal sealed class ClusterConnection
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long whoever waits for an answer is left waiting while silos answer that their storage fails. A restart of a database is
    /// shorter, and people should hear of anything longer.
    /// </summary>
    public static readonly TimeSpan StorageTimeout = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _requestTimeout;
    private CancellationTokenSource _loss = new();

    public ClusterConnection(IClusterGrains grains, TimeProvider time, Random random, TimeSpan requestTimeout, ILoggerFactory loggers)
    {
        Grains = grains;
        Time = time;
        Random = random;
        Loggers = loggers;
        _requestTimeout = requestTimeout;
        Retry = new RetryPolicy(time, random, s_firstPause, s_longestPause);
        Topics = new TopicCache(this);
        Router = new PartitionRouter(this);
    }

    public IClusterGrains Grains { get; }

    public TimeProvider Time { get; }

    public Random Random { get; }

    public ILoggerFactory Loggers { get; }

    public RetryPolicy Retry { get; }

    public TopicCache Topics { get; }

    public PartitionRouter Router { get; }

    /// <summary>
    /// Cancelled when a connection to a silo broke; take it anew for every call. Orleans lets calls in flight on a broken
    /// connection run into their timeout, so whoever can repeat a call ends its wait with this.
    /// </summary>
    public CancellationToken Loss => Volatile.Read(ref _loss).Token;

    /// <summary>
    /// Calls a grain, repeating the call while it fails for a reason that may pass, within the request timeout, or
    /// <see cref="StorageTimeout"/> if that is the reason.
    /// </summary>
    /// <param name="what">Completes "while …" in messages.</param>
    /// <param name="call">The call; it has to be harmless to repeat.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<T> CallAsync<T>(string what, Func<Task<T>> call, CancellationToken cancellationToken) =>
        Retry.RunAsync(call, _requestTimeout, StorageTimeout, what, cancellationToken);

    /// <summary>As <see cref="CallAsync"/>, on behalf of records and loops, which wait for storage as long as for silos.</summary>
    /// <inheritdoc cref="CallAsync"/>
    public Task<T> CallPatientlyAsync<T>(string what, Func<Task<T>> call, CancellationToken cancellationToken) =>
        Retry.RunAsync(call, _requestTimeout, _requestTimeout, what, cancellationToken);

    /// <summary>Ends the waits of everybody who holds <see cref="Loss"/>.</summary>
    public void ReportLoss()
    {
        // The old source is left to the garbage collector: somebody may be registering with its token right now.
        var old = Interlocked.Exchange(ref _loss, new CancellationTokenSource());
        _ = old.CancelAsync();
    }
}
