using OrleansStream.Benchmarks.Peers;
using OrleansStream.Benchmarks.Peers.Clients;
using OrleansStream.Client;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>The Kafka client of the comparison with peers in this process, over TCP, against the Kafka port of a silo in another.</summary>
internal abstract class KafkaRung : IRung
{
    protected const string Topic = "ladder";

    private ServerProcess? _server;

    public abstract string Name { get; }

    protected Load Load { get; private set; } = null!;

    protected Shape Shape => new(Load.RecordBytes, Load.Partitions);

    protected ConfluentClient Client { get; private set; } = null!;

    public async Task StartAsync(Load load, string folder)
    {
        Load = load;
        _server = await ServerProcess.StartAsync(folder);
        await using var client = await OrleansStreamClient.ConnectAsync(_server.Address);
        await client.Admin.CreateTopicAsync(Topic, load.Partitions);
        Client = new ConfluentClient(_server.KafkaAddress);
    }

    public abstract Task<Measurement> RunAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>Runs something with the processor time of both sides beside it.</summary>
    protected async Task<Measurement> MeasureAsync(Func<Task<Flow>> run)
    {
        var cpu = new CpuMeter(_server!.Cpu);
        var allocated = GC.GetTotalAllocatedBytes();
        var flow = await run();
        return cpu.AddTo(new Measurement(
            flow.Records, flow.Records * Load.RecordBytes, flow.Elapsed, double.NaN, double.NaN, GC.GetTotalAllocatedBytes() - allocated));
    }
}

/// <summary>Produces with acks=all.</summary>
internal sealed class KafkaProducerRung : KafkaRung
{
    public override string Name => "Confluent.Kafka, produce";

    public override async Task<Measurement> RunAsync()
    {
        await Client.ProduceAsync(Topic, Shape, Load.Duration / 5);
        return await MeasureAsync(() => Client.ProduceAsync(Topic, Shape, Load.Duration));
    }
}

/// <summary>Consumes what a producer of the same load left.</summary>
internal sealed class KafkaConsumerRung : KafkaRung
{
    public override string Name => "Confluent.Kafka, consume";

    public override async Task<Measurement> RunAsync()
    {
        await Client.ProduceAsync(Topic, Shape, Load.Duration);
        return await MeasureAsync(() => Client.ConsumeAsync(Topic, Load.Partitions, Client.CountRecords(Topic, Load.Partitions)));
    }
}
