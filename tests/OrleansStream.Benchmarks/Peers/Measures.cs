using OrleansStream.Benchmarks.Peers.Results;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>The names of what is measured; a target names them again.</summary>
internal static class Measures
{
    public const int FanOutReaders = 5;

    public static readonly Measure Resident = new("resident memory after the produce runs", "MB", false);
    public static readonly Measure FirstAnswer = new("start to first answer, empty", "ms", false);
    public static readonly Measure StartToAck = new("start to ready: every partition acknowledged, after a clean stop", "ms", false);
    public static readonly Measure RecoveryToAck = new("recovery: every partition acknowledged, after kill -9 under load", "ms", false);
    public static readonly Measure IdleMemory = new("resident memory for each of a thousand new partitions", "KB", false);
    public static readonly Measure ActiveMemory = new("resident memory for each of a thousand partitions, after a second of records for them", "KB", false);
    public static readonly Measure Limit = new("physical limits, blocks of 512 KiB", "MB/s", true);

    public static Measure Produce(Shape shape) => new($"produce, {shape}", "records/s", true);

    public static Measure ServerCpu(Shape shape) => new($"produce, {shape}: server CPU", "s/million", false);

    public static Measure ClientCpu(Shape shape) => new($"produce, {shape}: client CPU", "s/million", false);

    public static Measure Consume(Shape shape) => new($"consume from the beginning, {shape}", "records/s", true);

    public static Measure ConsumeServerCpu(Shape shape) => new($"consume from the beginning, {shape}: server CPU", "s/million", false);

    public static Measure ConsumeClientCpu(Shape shape) => new($"consume from the beginning, {shape}: client CPU", "s/million", false);

    public static Measure FanOut(Shape shape) => new($"{FanOutReaders} readers from the beginning, {shape}", "records/s", true);

    public static Measure AckLatency(Shape shape, string percentile) => new($"ack at half of the peak rate, {shape}: {percentile}", "ms", false);

    public static Measure EndToEnd(Shape shape, string percentile) => new($"end to end at 10,000/s, {shape}: {percentile}", "ms", false);

    public static Measure Append(Shape shape) => new($"append of 512 KiB batches of {shape.RecordBytes} B, {shape.Partitions} partitions", "MB/s", true);
}
