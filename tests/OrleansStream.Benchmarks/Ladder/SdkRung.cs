using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Producing;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>The SDK in this process, over TCP, against a silo in another: what an application gets. Records are serialized one by one.</summary>
internal abstract class SdkRung : IRung
{
    protected const string Topic = "ladder";

    private ServerProcess? _server;

    public abstract string Name { get; }

    protected Load Load { get; private set; } = null!;

    protected OrleansStreamClient Client { get; private set; } = null!;

    protected Func<TimeSpan> ServerCpu => _server!.Cpu;

    public virtual async Task StartAsync(Load load, string folder)
    {
        Load = load;
        _server = await ServerProcess.StartAsync(folder);
        Client = await OrleansStreamClient.ConnectAsync(_server.Address);
        await Client.Admin.CreateTopicAsync(Topic, load.Partitions);
    }

    public abstract Task<Measurement> RunAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await Client.DisposeAsync();
            await _server.DisposeAsync();
        }
    }

    /// <summary>Enqueues records round robin over the partitions until the time is up, and waits until all of them are durable.</summary>
    protected async Task<Measurement> ProduceAsync(TimeSpan duration)
    {
        await using var producer = Client.CreateProducer(
            new ProducerOptions<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> { MaxBatchBytes = Load.BatchBytes });
        ReadOnlyMemory<byte> value = SampleValue.Of(Load.RecordBytes);
        await ProduceForAsync(duration / 5);
        var allocated = GC.GetTotalAllocatedBytes();
        var cpu = new CpuMeter(ServerCpu);
        var watch = Stopwatch.StartNew();
        var records = await ProduceForAsync(duration);
        var elapsed = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        return cpu.AddTo(new Measurement(records, records * Load.RecordBytes, elapsed, double.NaN, double.NaN, allocated));

        async Task<long> ProduceForAsync(TimeSpan time)
        {
            var count = 0L;
            for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
            {
                for (var i = 0; i < 1000; i++)
                {
                    await producer.EnqueueAsync(new ProducerRecord<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(Topic, default, value)
                    {
                        Partition = (int)(count++ % Load.Partitions),
                    });
                }
            }

            // Throws when a record was lost.
            await producer.FlushAsync();
            return count;
        }
    }
}

/// <summary>Produces as fast as the back-pressure lets it.</summary>
internal sealed class ProducerRung : SdkRung
{
    public override string Name => "SDK, produce over TCP";

    public override Task<Measurement> RunAsync() => ProduceAsync(Load.Duration);
}
