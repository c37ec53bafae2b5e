using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Server.Tests.Placement;

/// <summary>
/// Producers that send to every partition all the time, one record after the other each, and a group that reads along. At the
/// end it tells whether every acknowledged record was read once and in order, and how long the acks took.
/// </summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private readonly OrleansStreamClient _client;
    private readonly string _topic;
    private readonly int _partitions;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopReading = new();
    private readonly ConcurrentDictionary<int, List<long>> _read = new();
    private readonly ConcurrentBag<Exception> _failures = [];
    private readonly long[] _acknowledged;
    private readonly double[] _longestAcks;
    private readonly List<Task> _work = [];
    private Task _reading = Task.CompletedTask;

    private SteadyLoad(OrleansStreamClient client, string topic, int partitions)
    {
        (_client, _topic, _partitions) = (client, topic, partitions);
        _acknowledged = new long[partitions];
        _longestAcks = new double[partitions];
    }

    public IReadOnlyCollection<Exception> Failures => _failures;

    /// <summary>Starts, and completes when every partition has been written to.</summary>
    public static async Task<SteadyLoad> StartAsync(OrleansStreamClient client, string topic, int partitions)
    {
        var load = new SteadyLoad(client, topic, partitions);
        load._reading = load.ReadAsync();
        var first = Enumerable.Range(0, partitions).Select(_ => new TaskCompletionSource()).ToArray();
        load._work.AddRange(Enumerable.Range(0, partitions).Select(partition => load.WriteAsync(partition, first[partition])));
        await Task.WhenAll(first.Select(written => written.Task)).WaitAsync(TestTime.Limit);
        return load;
    }

    /// <summary>The longest ack of any partition since the last call, in milliseconds.</summary>
    public double TakeLongestAck()
    {
        var longest = _longestAcks.Max();
        Array.Clear(_longestAcks);
        return longest;
    }

    /// <summary>Ends the load and waits until the group has read everything.</summary>
    public async Task<(long Acknowledged, Dictionary<int, List<long>> Read)> FinishAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_work).WaitAsync(TestTime.Limit);
        var start = Stopwatch.GetTimestamp();
        while (_read.Values.Sum(read => { lock (read) { return read.Count; } }) < _acknowledged.Sum() && Stopwatch.GetElapsedTime(start) < TestTime.Limit)
        {
            await Task.Delay(20);
        }

        await _stopReading.CancelAsync();
        await _reading.WaitAsync(TestTime.Limit);
        return (_acknowledged.Sum(), _read.ToDictionary());
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _stopReading.CancelAsync();
        await Task.WhenAll([.. _work, _reading]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _stopReading.Dispose();
    }

    private async Task WriteAsync(int partition, TaskCompletionSource first)
    {
        try
        {
            await using var producer = _client.CreateProducer<Null, long>();
            for (var value = 0L; !_stopping.IsCancellationRequested; value++)
            {
                var start = Stopwatch.GetTimestamp();
                await producer.ProduceAsync(new ProducerRecord<Null, long>(_topic, default, value) { Partition = partition });
                _acknowledged[partition]++;
                _longestAcks[partition] = Math.Max(_longestAcks[partition], Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                first.TrySetResult();
                await Task.Delay(2);
            }
        }
        catch (Exception failure)
        {
            _failures.Add(failure);
            first.TrySetException(failure);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await using var consumer = _client.CreateConsumer(new ConsumerOptions<Null, long> { GroupId = "readers", Topics = [_topic] });
            await foreach (var record in consumer.WithCancellation(_stopReading.Token))
            {
                var read = _read.GetOrAdd(record.Partition, _ => []);
                lock (read)
                {
                    read.Add(record.Value);
                }
            }
        }
        catch (OperationCanceledException) when (_stopReading.IsCancellationRequested)
        {
        }
        catch (Exception failure)
        {
            _failures.Add(failure);
        }
    }
}
