using System.Diagnostics;
using System.Globalization;
using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Benchmarks;

/// <summary>What a record costs before and after the log: checksum, building a batch, walking over it.</summary>
internal static class RecordBenchmarks
{
    private const int ValueBytes = 100;
    private const int BatchBytes = 128 * 1024;
    private const int Rounds = 5;

    /// <summary>Measures each for about a second and prints the best of five rounds.</summary>
    public static void Run(TextWriter output)
    {
        foreach (var bytes in new[] { 1024, 16 * 1024, BatchBytes, 1024 * 1024 })
        {
            var data = new byte[bytes];
            new Random(1).NextBytes(data);
            var perByte = Measure(() => Crc32C.Compute(data), bytes).Nanoseconds;
            Print(output, $"CRC-32C of {bytes,9:N0} B                    {1 / perByte,8:F1} GB/s");
        }

        foreach (var compression in Enum.GetValues<CompressionType>())
        {
            Batches(output, compression);
        }
    }

    private static void Batches(TextWriter output, CompressionType compression)
    {
        var values = Values();
        using var builder = new RecordBatchBuilder(compression, BatchBytes);
        using var sample = Fill(builder, values).Build(1, 0, 0);
        var batch = sample.Memory;
        var records = builder.RecordCount;

        var append = Measure(
            () =>
            {
                builder.Reset();
                Fill(builder, values);
            },
            records);
        var build = Measure(
            () =>
            {
                builder.Reset();
                using var bytes = Fill(builder, values).Build(1, 0, 0);
            },
            records);
        var read = Measure(() => Walk(batch), records);
        Print(output, $"{compression,-6} batch of {records} records, {builder.SizeInBytes:N0} -> {batch.Length:N0} B");
        Print(output, $"  append                                {append.Nanoseconds,8:F1} ns/record {append.Bytes,8:F2} B allocated/record");
        Print(output, $"  append, build                         {build.Nanoseconds,8:F1} ns/record {build.Bytes,8:F2} B allocated/record");
        Print(output, $"  open, read keys and values            {read.Nanoseconds,8:F1} ns/record {read.Bytes,8:F2} B allocated/record");
    }

    private static RecordBatchBuilder Fill(RecordBatchBuilder builder, byte[][] values)
    {
        builder.Reset();
        for (var i = 0; builder.TryAppend(new RecordFields { TimestampMs = 1_700_000_000_000 + (i >> 4), Value = values[i % values.Length] }); i++)
        {
        }

        return builder;
    }

    private static void Walk(ReadOnlyMemory<byte> batch)
    {
        using var cursor = RecordCursor.Open(batch, 16 * 1024 * 1024);
        var bytes = 0;
        while (cursor.MoveNext())
        {
            bytes += cursor.Key.Length + cursor.Value.Length;
        }

        if (bytes != cursor.RecordCount * ValueBytes)
        {
            throw new InvalidOperationException("The batch does not hold what was written.");
        }
    }

    // Text with some repetition, as logs and JSON have it.
    private static byte[][] Values()
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, 1000).Select(i => Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"user":{{random.Next(100_000)}},"page":"/catalogue/{{random.Next(500)}}","ms":{{random.Next(2000)}},"agent":"{{random.NextInt64():x16}}"}""").PadRight(ValueBytes)[..ValueBytes]))];
    }

    private static (double Nanoseconds, double Bytes) Measure(Action action, int items)
    {
        var best = double.MaxValue;
        long allocated = 0, calls = 0;
        for (var round = 0; round <= Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            for (calls = 0; watch.ElapsedMilliseconds < 200; calls++)
            {
                action();
            }

            best = round == 0 ? best : Math.Min(best, watch.Elapsed.TotalNanoseconds / calls / items);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return (best, (double)allocated / calls / items);
    }

    private static void Print(TextWriter output, FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
