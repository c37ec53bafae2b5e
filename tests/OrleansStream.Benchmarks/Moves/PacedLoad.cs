using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Benchmarks.Moves;

/// <summary>Writes to every partition of a topic, one record after the other each, and reads along as a group; keeps how long the acks took.</summary>
internal sealed class PacedLoad : IAsyncDisposable
{
    private static readonly TimeSpan s_gap = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(10);

    private readonly OrleansStreamClient _client;
    private readonly string _topic;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Ack>[] _slow;
    private readonly long[] _lastBegun;
    private readonly Task _work;
    private long _acknowledged;
    private long _read;
    private int _failed;

    public PacedLoad(OrleansStreamClient client, string topic, int partitions)
    {
        (_client, _topic) = (client, topic);
        _slow = [.. Enumerable.Range(0, partitions).Select(_ => new ConcurrentBag<Ack>())];
        _lastBegun = new long[partitions];
        _work = Task.WhenAll([ReadAsync(), .. Enumerable.Range(0, partitions).Select(WriteAsync)]);
    }

    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public long Read => Interlocked.Read(ref _read);

    public int Failed => Volatile.Read(ref _failed);

    /// <summary>The acks that took longer than <see cref="s_slow"/> since the last call, by partition.</summary>
    public List<Ack>[] TakeSlowAcks()
    {
        var taken = new List<Ack>[_slow.Length];
        for (var partition = 0; partition < taken.Length; partition++)
        {
            taken[partition] = [];
            while (_slow[partition].TryTake(out var ack))
            {
                taken[partition].Add(ack);
            }
        }

        return taken;
    }

    /// <summary>Completes when every partition has acknowledged a record that was sent after now.</summary>
    public async Task WhenAllAcknowledgeAsync(CancellationToken cancellationToken)
    {
        var now = Stopwatch.GetTimestamp();
        while (Array.Exists(_lastBegun, begun => begun < now))
        {
            await Task.Delay(5, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task WriteAsync(int partition)
    {
        await using var producer = _client.CreateProducer<Null, long>();
        while (!_stopping.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                await producer.ProduceAsync(new ProducerRecord<Null, long>(_topic, default, start) { Partition = partition });
                Interlocked.Increment(ref _acknowledged);
                _lastBegun[partition] = start;
                if (Stopwatch.GetElapsedTime(start) is var took && took > s_slow)
                {
                    _slow[partition].Add(new Ack(TimeProvider.System.GetUtcNow() - took, took));
                }
            }
            catch (OrleansStreamException failure)
            {
                Interlocked.Increment(ref _failed);
                Console.Error.WriteLine(failure.Message);
            }

            await Task.Delay(s_gap);
        }
    }

    private async Task ReadAsync()
    {
        await using var consumer = _client.CreateConsumer(new ConsumerOptions<Null, long> { GroupId = $"{_topic}-readers", Topics = [_topic] });
        await foreach (var _ in consumer.WithCancellation(_stopping.Token))
        {
            Interlocked.Increment(ref _read);
        }
    }

    /// <param name="Sent">When the application handed the record over.</param>
    /// <param name="Took">From there to the ack.</param>
    public readonly record struct Ack(DateTimeOffset Sent, TimeSpan Took);
}
