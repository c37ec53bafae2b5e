using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Diagnostics;

namespace OrleansStream.Client.Hosting;

/// <summary>
/// The consumers of one registration, from the start of the application to its end. When one of them cannot go on, all stop: the
/// partitions of the one would only carry its trouble to the others.
/// </summary>
/// <remarks>
/// Stopping takes three steps:
/// 1. no record is taken any more, and handlers finish what they have in hand;
/// 2. after the drain timeout, or when the host loses patience before, they are cancelled;
/// 3. what was handled is committed, and the group is left.
/// </remarks>
internal sealed partial class HostedConsumer<TKey, TValue> : BackgroundService
{
    private readonly ClusterConnection _connection;
    private readonly IServiceScopeFactory _scopes;
    private readonly HostedConsumerOptions<TKey, TValue> _options;
    private readonly BatchHandling<TKey, TValue> _handle;
    private readonly CancellationTokenSource _drained;
    private readonly ILogger _logger;
    private Exception? _failure;

    public HostedConsumer(
        ClusterConnection connection, IServiceScopeFactory scopes, HostedConsumerOptions<TKey, TValue> options, BatchHandling<TKey, TValue> handle)
    {
        options.ValidateHosting();
        _connection = connection;
        _scopes = scopes;
        _options = options;
        _handle = handle;
        _drained = new CancellationTokenSource(Timeout.InfiniteTimeSpan, connection.Time);
        _logger = connection.Loggers.CreateLogger("OrleansStream.Client.Hosting.HostedConsumer");
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The base cancels, and waits; the wait is bounded by what the cancelled handlers are given.
        await using var impatience = cancellationToken.UnsafeRegister(static drained => ((CancellationTokenSource)drained!).Cancel(), _drained).ConfigureAwait(false);
        await base.StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    public override void Dispose()
    {
        base.Dispose();
        _drained.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await using var draining = stopping.Token.UnsafeRegister(_ => _drained.CancelAfter(_options.DrainTimeout), null).ConfigureAwait(false);
        var topics = string.Join(", ", _options.Topics);
        Started(_options.GroupId!, topics, _options.Instances);
        await Task.WhenAll(Enumerable.Range(0, _options.Instances).Select(instance => RunAsync(instance, stopping))).ConfigureAwait(false);
        if (_failure is null)
        {
            Ended(_options.GroupId!, topics);
            return;
        }

        StoppedForGood(_failure, _options.GroupId!, topics);
        if (_options.StopsApplication)
        {
            throw new InvalidOperationException($"The hosted consumer of group '{_options.GroupId}' stopped for good: {_failure.Message}", _failure);
        }
    }

    private async Task RunAsync(int instance, CancellationTokenSource stopping)
    {
        try
        {
            var options = _options is { InstanceId: { } id, Instances: > 1 } ? _options with { InstanceId = $"{id}-{instance}" } : _options;
            await new HandlerLoop<TKey, TValue>(_connection, _scopes, options, _handle).RunAsync(stopping.Token, _drained.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, exception, null);
            await stopping.CancelAsync().ConfigureAwait(false);
        }
    }

    [LoggerMessage(LogEvents.HostedConsumerStarted, LogLevel.Information, "Group '{Group}' on {Topics}: {Instances} hosted consumers start.")]
    private partial void Started(string group, string topics, int instances);

    [LoggerMessage(LogEvents.HostedConsumerEnded, LogLevel.Information, "Group '{Group}' on {Topics}: the hosted consumers have stopped; what was handled is committed.")]
    private partial void Ended(string group, string topics);

    [LoggerMessage(LogEvents.ConsumerStopped, LogLevel.Critical, "Group '{Group}' on {Topics}: the hosted consumers stopped for good and will not start again before the application does.")]
    private partial void StoppedForGood(Exception exception, string group, string topics);
}
