using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>One record after the other to every partition, and what became of them.</summary>
internal sealed class PartitionLoad : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<int, ConcurrentQueue<(Offset Offset, string Value)>> _acknowledged = new();
    private readonly ConcurrentDictionary<int, long> _sentAt = new();
    private readonly ConcurrentDictionary<int, TimeSpan> _slowest = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _topic;
    private readonly IProducer<string, string> _producer;
    private readonly Task _running;

    public PartitionLoad(OrleansStreamClient client, string topic, int partitions)
    {
        _topic = topic;
        _producer = client.CreateProducer(new ProducerOptions<string, string> { DeliveryTimeout = TimeSpan.FromMinutes(5) });
        _running = Task.WhenAll(Enumerable.Range(0, partitions).Select(partition => Task.Run(() => ProduceAsync(partition))));
    }

    public void Reset() => _slowest.Clear();

    /// <summary>The longest that an acknowledgement took, or is taking by now.</summary>
    public TimeSpan Slowest(IEnumerable<int> partitions) => partitions.Max(partition =>
    {
        var (ended, running) = (_slowest.GetValueOrDefault(partition), Stopwatch.GetElapsedTime(_sentAt.GetValueOrDefault(partition, Stopwatch.GetTimestamp())));
        return running > ended ? running : ended;
    });

    /// <summary>Waits until every one of the partitions has acknowledged something that was sent from now on.</summary>
    public async Task WaitForAllAsync(IEnumerable<int> partitions)
    {
        var before = partitions.ToDictionary(partition => partition, partition => _acknowledged.GetValueOrDefault(partition)?.Count ?? 0);
        using var timeout = new CancellationTokenSource(s_patience);
        while (!before.All(pair => (_acknowledged.GetValueOrDefault(pair.Key)?.Count ?? 0) > pair.Value + 1))
        {
            await Task.Delay(20, timeout.Token);
        }
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    /// <summary>What was acknowledged and is not where it was said to be.</summary>
    public async Task<List<(int Partition, Offset Offset, string Value)>> FindMissingAsync(OrleansStreamClient client)
    {
        var missing = _acknowledged.SelectMany(pair => pair.Value.Select(ack => (pair.Key, ack.Offset, ack.Value))).ToHashSet();
        await using var consumer = client.CreateConsumer(new ConsumerOptions<string, string>());
        await consumer.AssignAsync(_acknowledged.Keys.Select(partition => new TopicPartitionOffset(new TopicPartition(_topic, partition), Offset.Zero)));
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await foreach (var record in consumer.WithCancellation(timeout.Token))
            {
                if (missing.Remove((record.Partition, record.Offset, record.Value!)) && missing.Count == 0)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // What is still missing is told.
        }

        return [.. missing];
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();

        // In a test that failed while a database hangs, the rest would be tried until its delivery timeout.
        await Task.WhenAny(_producer.DisposeAsync().AsTask(), Task.Delay(s_farewell));
        _stopping.Dispose();
    }

    private async Task ProduceAsync(int partition)
    {
        for (var number = 0; !_stopping.IsCancellationRequested; number++)
        {
            var value = $"{partition}-{number}";
            var start = Stopwatch.GetTimestamp();
            _sentAt[partition] = start;
            var stored = await _producer.ProduceAsync(new ProducerRecord<string, string>(_topic, null, value) { Partition = partition });
            var took = Stopwatch.GetElapsedTime(start);
            _slowest.AddOrUpdate(partition, took, (_, slowest) => took > slowest ? took : slowest);
            _acknowledged.GetOrAdd(partition, _ => new()).Enqueue((stored.Offset, value));
            await Task.Delay(5);
        }
    }
}
