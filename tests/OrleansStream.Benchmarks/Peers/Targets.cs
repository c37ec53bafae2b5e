using OrleansStream.Benchmarks.Peers.Results;
using OrleansStream.Benchmarks.Peers.Servers;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>What has to be reached: ours divided by theirs, taken round by round, at least or at most so much.</summary>
internal sealed record Target(string Title, Measure Measure, string Ours, string Theirs, double Bound, bool IsAtLeast)
{
    public bool IsMet(double ratio) => IsAtLeast ? ratio >= Bound : ratio <= Bound;
}

/// <summary>All of them, in the order of the results.</summary>
internal static class Targets
{
    private const string Us = OrleansStreamServer.SideName;
    private const string Kafka = KafkaServer.SideName;

    public static IReadOnlyList<Target> All { get; } = [.. Of(new Shape(100)), .. Of(new Shape(1024)), .. Rest()];

    private static IEnumerable<Target> Of(Shape shape)
    {
        var size = $"{(shape.RecordBytes == 1024 ? "1 KiB" : $"{shape.RecordBytes} B")}";
        yield return new($"produce, Confluent.Kafka, {size}: ours / Kafka's (no fsync)", Measures.Produce(shape), Us, Kafka, 1, true);
        yield return new($"consume from the beginning, Confluent.Kafka, {size}: ours / Kafka's", Measures.Consume(shape), Us, Kafka, 1, true);
        yield return new($"produce, {size}: SDK to ours / Confluent.Kafka to Kafka", Measures.Produce(shape), Sides.Sdk, Kafka, 1, true);
        yield return new($"server CPU per million records produced, {size}: ours / Kafka's", Measures.ServerCpu(shape), Us, Kafka, 1, false);
        yield return new($"server CPU per million records consumed, {size}: ours / Kafka's", Measures.ConsumeServerCpu(shape), Us, Kafka, 1, false);
        yield return new($"Storage appends / raw write with fdatasync, {size}", Measures.Append(shape), Sides.Storage, Sides.RawDisk, 0.8, true);
        yield return new($"PostgreSQL mode: Storage appends / bare COPY, {size}", Measures.Append(shape), Sides.PostgresStorage, Sides.BareCopy, 0.6, true);
    }

    private static IEnumerable<Target> Rest()
    {
        yield return new("durable ack p99 at half of the peak rate: ours / Kafka's with a flush per batch", Measures.AckLatency(new Shape(100), "p99"), Us, KafkaServer.FlushName, 0.5, false);
        yield return new("end to end p99 at 10,000 records/s: ours / Kafka's", Measures.EndToEnd(new Shape(100), "p99"), Us, Kafka, 1, false);
        yield return new("start to ready: ours / Kafka's", Measures.StartToAck, Us, Kafka, 0.5, false);
        yield return new("resident memory after the produce runs: ours / Kafka's", Measures.Resident, Us, Kafka, 0.7, false);
    }
}

/// <summary>Sides that are no servers of the Kafka protocol.</summary>
internal static class Sides
{
    public const string Sdk = "OrleansStream, SDK";
    public const string Storage = "Storage";
    public const string RawDisk = "raw write + fdatasync";
    public const string PostgresStorage = "Storage on PostgreSQL";
    public const string BareCopy = "bare COPY";
}
