using System.Diagnostics;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Tests.Hostile;

/// <summary>
/// A client that does nothing unusual while others do: it asks, produces and fetches on a connection of its own, again and again, and notes how long it had
/// to wait. It also looks at the memory of the process.
/// </summary>
internal sealed class Bystander : IAsyncDisposable
{
    /// <summary>Far above what is normal, since the tests' machine does other things; far below any patience of a client.</summary>
    private static readonly TimeSpan s_normal = TimeSpan.FromSeconds(3);

    private readonly RawClient _client;
    private readonly string _topic;
    private readonly CancellationTokenSource _done = new();
    private readonly long _memoryBefore;
    private readonly Task _running;
    private long _memoryMost;
    private TimeSpan _longest;
    private int _rounds;

    private Bystander(RawClient client, string topic)
    {
        _client = client;
        _topic = topic;
        GC.Collect();
        _memoryBefore = Environment.WorkingSet;
        _running = Task.Run(RunAsync);
    }

    /// <summary>By how much the process has grown at most, in MiB.</summary>
    public long GrownMebibytes => (Volatile.Read(ref _memoryMost) - _memoryBefore) / (1024 * 1024);

    public static async Task<Bystander> StartAsync(Gateway gateway)
    {
        var topic = $"bystander-{Guid.NewGuid():N}";
        await gateway.Sdk.Admin.CreateTopicAsync(topic, 1);
        var client = await RawClient.ConnectAsync(gateway.Port);
        var bystander = new Bystander(client, topic);
        await Gateway.EventuallyAsync(() => Volatile.Read(ref bystander._rounds) > 0, "a first round");
        return bystander;
    }

    /// <summary>Says that nobody was disturbed: it was served all the time, and the process did not grow much.</summary>
    public async Task AssertUndisturbedAsync(int maxMebibytes)
    {
        var rounds = Volatile.Read(ref _rounds);
        await Gateway.EventuallyAsync(() => Volatile.Read(ref _rounds) > rounds + 1 || _running.IsCompleted, "another round");
        await DisposeAsync();
        Assert.True(_longest < s_normal, $"A round took {_longest}; there were {_rounds}.");
        Assert.InRange(GrownMebibytes, long.MinValue, maxMebibytes);
    }

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _running;
        _client.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = TestBatch.Of(valueBytes: 100);
        while (!_done.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            await RoundAsync(batch);
            var elapsed = Stopwatch.GetElapsedTime(start);
            _longest = elapsed > _longest ? elapsed : _longest;
            _memoryMost = Math.Max(_memoryMost, Environment.WorkingSet);
            Interlocked.Increment(ref _rounds);
            await Task.Delay(10);
        }
    }

    private async Task RoundAsync(byte[] batch)
    {
        var metadata = await _client.AskAsync<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = _topic }] }, 9);
        Assert.Equal(0, metadata.Topics.Single().ErrorCode);

        var produced = await _client.AskAsync<ProduceRequest, ProduceResponse>(
            new() { Acks = -1, TimeoutMs = 1000, Topics = [new() { Name = _topic, Partitions = [new() { Index = 0, Records = batch }] }] }, 9);
        Assert.Equal(0, produced.Topics[0].Partitions[0].ErrorCode);

        // An answer without records, which a silo gives while many others are read to, makes a client ask again.
        ReadOnlyMemory<byte>? records = null;
        while (records is null or { IsEmpty: true })
        {
            var fetched = await _client.AskAsync<FetchRequest, FetchResponse>(
                new()
                {
                    MinBytes = 1,
                    MaxBytes = 1024 * 1024,
                    Topics = [new() { Name = _topic, Partitions = [new() { FetchOffset = produced.Topics[0].Partitions[0].BaseOffset, PartitionMaxBytes = 1024 * 1024 }] }],
                },
                11);
            var partition = fetched.Topics[0].Partitions[0];
            Assert.Equal(0, partition.ErrorCode);
            records = partition.Records;
        }
    }
}
