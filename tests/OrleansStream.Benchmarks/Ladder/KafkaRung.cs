using OrleansStream.Client;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>A Kafka client in this process, over TCP, against the Kafka port of a silo in another.</summary>
internal abstract class KafkaRung : IRung
{
    private const string Topic = "ladder";

    private ServerProcess? _server;

    public abstract string Name { get; }

    protected Load Load { get; private set; } = null!;

    public async Task StartAsync(Load load, string folder)
    {
        Load = load;
        _server = await ServerProcess.StartAsync(folder);
        await using var client = await OrleansStreamClient.ConnectAsync(_server.Address);
        await client.Admin.CreateTopicAsync(Topic, load.Partitions);
    }

    public Task<Measurement> RunAsync() => RunAsync(new KafkaLoad(_server!.KafkaAddress, Topic, Load, _server.Cpu));

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    protected abstract Task<Measurement> RunAsync(KafkaLoad load);
}

/// <summary>Produces, idempotent and with acks=all.</summary>
internal sealed class KafkaProducerRung : KafkaRung
{
    public override string Name => "Confluent.Kafka, produce";

    protected override Task<Measurement> RunAsync(KafkaLoad load) => load.ProduceAsync(Load.Duration);
}

/// <summary>Consumes what a producer of the same load left.</summary>
internal sealed class KafkaConsumerRung : KafkaRung
{
    public override string Name => "Confluent.Kafka, consume";

    protected override async Task<Measurement> RunAsync(KafkaLoad load)
    {
        await load.ProduceAsync(Load.Duration);
        return await load.ConsumeAsync();
    }
}
