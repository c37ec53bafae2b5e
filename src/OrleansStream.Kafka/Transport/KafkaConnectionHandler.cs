using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using OrleansStream.Kafka.Diagnostics;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Runs connections, as many as allowed, and says why each ended. Once a second it looks for those on which something is overdue.
/// </summary>
internal sealed partial class KafkaConnectionHandler : ConnectionHandler, IDisposable
{
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<KafkaConnection, Task> _connections = new();
    private readonly KafkaConnectionContext _shared;
    private readonly ILogger<KafkaConnectionHandler> _logger;
    private readonly ITimer _look;
    private int _count;
    private bool _isStopping;

    public KafkaConnectionHandler(KafkaConnectionContext shared, ILogger<KafkaConnectionHandler> logger)
    {
        _shared = shared;
        _logger = logger;
        _look = shared.Time.CreateTimer(static handler => ((KafkaConnectionHandler)handler!).EndOverdue(), this, s_lookInterval, s_lookInterval);
    }

    /// <summary>The connections of this moment.</summary>
    public int Count => Volatile.Read(ref _count);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (Interlocked.Increment(ref _count) > _shared.Options.MaxConnections || Volatile.Read(ref _isStopping))
        {
            Refused(connection.RemoteEndPoint, _shared.Options.MaxConnections);
            Interlocked.Decrement(ref _count);
            connection.Abort();
            return;
        }

        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = new KafkaConnection(connection, _shared);
        _connections[client] = running.Task;
        _shared.Metrics.ConnectionOpened();
        Opened(client.Id, connection.RemoteEndPoint);
        if (Volatile.Read(ref _isStopping))
        {
            client.Stop();
        }

        try
        {
            await client.RunAsync().ConfigureAwait(false);
            Ended(client.Id, "the client is done");
        }
        catch (KafkaProtocolException violation)
        {
            _shared.Metrics.Violated();
            Violated(client.Id, connection.RemoteEndPoint, violation.Message);
            connection.Abort(new ConnectionAbortedException(violation.Message));
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            Ended(client.Id, end.Message);
        }
#pragma warning disable CA1031 // Whatever a request met with, it is that connection's end and nobody else's.
        catch (Exception unexpected)
#pragma warning restore CA1031
        {
            Failed(client.Id, connection.RemoteEndPoint, unexpected);
            connection.Abort(new ConnectionAbortedException(unexpected.Message));
        }
        finally
        {
            _connections.TryRemove(client, out _);
            Interlocked.Decrement(ref _count);
            _shared.Metrics.ConnectionClosed();
            running.SetResult();
        }
    }

    /// <summary>Reads no more requests, lets those in hand be answered, and cuts off what takes longer than that.</summary>
    public async Task StopAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _isStopping, true);
        foreach (var connection in _connections.Keys)
        {
            connection.Stop();
        }

        try
        {
            await Task.WhenAll(_connections.Values).WaitAsync(timeout, _shared.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            Cut(_connections.Count);
            foreach (var connection in _connections.Keys)
            {
                connection.Abort("The silo stops.");
            }
        }
    }

    public void Dispose() => _look.Dispose();

    private void EndOverdue()
    {
        foreach (var connection in _connections.Keys)
        {
            if (connection.Clock.FindOverdue() is { } overdue)
            {
                Overdue(connection.Id, overdue);
                connection.Abort($"Waited too long for {overdue}.");
            }
        }
    }

    [LoggerMessage(LogEvents.ConnectionRefused, LogLevel.Warning, "Refused a connection from {Remote}: there are {Limit} already, or the silo stops.")]
    private partial void Refused(EndPoint? remote, int limit);

    [LoggerMessage(LogEvents.ConnectionOpened, LogLevel.Debug, "Connection {Connection} from {Remote}.")]
    private partial void Opened(string connection, EndPoint? remote);

    [LoggerMessage(LogEvents.ConnectionEnded, LogLevel.Debug, "Connection {Connection} ended: {Reason}")]
    private partial void Ended(string connection, string reason);

    [LoggerMessage(LogEvents.ProtocolViolated, LogLevel.Warning, "Closed connection {Connection} from {Remote}, which does not speak the protocol: {Reason}")]
    private partial void Violated(string connection, EndPoint? remote, string reason);

    [LoggerMessage(LogEvents.ConnectionOverdue, LogLevel.Debug, "Closing connection {Connection}: waited too long for {What}.")]
    private partial void Overdue(string connection, string what);

    [LoggerMessage(LogEvents.RequestFailed, LogLevel.Error, "Closed connection {Connection} from {Remote}: a request failed in a way nobody foresaw.")]
    private partial void Failed(string connection, EndPoint? remote, Exception exception);

    [LoggerMessage(LogEvents.ConnectionsCut, LogLevel.Warning, "Cut off {Connections} connections whose requests took too long to end.")]
    private partial void Cut(int connections);
}
