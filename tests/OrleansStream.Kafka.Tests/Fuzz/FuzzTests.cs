using System.Globalization;
using OrleansStream.Kafka.Tests.Hostile;
using Xunit.Abstractions;

namespace OrleansStream.Kafka.Tests.Fuzz;

/// <summary>A short run with every build; <c>./dev fuzz-kafka</c> makes a long one of it.</summary>
[Collection(GatewayCollection.Name)]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int ShortRun = 20_000;

    [Fact]
    public async Task Mutated_frames_are_answered_or_end_the_connection_and_nothing_else_happens()
    {
        var frames = Setting("FRAMES", ShortRun);
        var seed = Setting("SEED", 42);
        await using var gateway = await Gateway.StartAsync(kafka => kafka.AutoCreateTopics = false);
        var corpus = await FrameCorpus.LoadAsync(gateway);

        // Pools and caches fill, and the code is compiled, before memory is looked at.
        await new FuzzRun(gateway, corpus, seed + 1).RunAsync(Math.Min(frames / 4, 50_000));
        var (heapBefore, setBefore) = Memory();
        var result = await new FuzzRun(gateway, corpus, seed).RunAsync(frames);
        await Gateway.EventuallyAsync(() => gateway.Connections.Count == 0, "all connections end");
        var (heapAfter, setAfter) = Memory();

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Frames:N0} frames (seed {seed}) from {corpus.Count} of real clients in {result.Elapsed.TotalSeconds:F1} s, {result.Frames / result.Elapsed.TotalSeconds:N0}/s: "
            + $"{result.Answers:N0} answered, {result.Closed:N0} connections closed, {result.Left:N0} left waiting; "
            + $"heap {heapBefore} MiB before, {heapAfter} after, working set {setBefore} MiB before, {setAfter} after."));
        Assert.Empty(result.Problems);
        Assert.True(!gateway.Errors.Any(), string.Join(Environment.NewLine, gateway.Errors.Take(5)));
        Assert.Equal(0, gateway.BytesInHand);
        // The shared pool keeps an array of a mebibyte, as a fetch reads, for every thread that gave one back.
        Assert.InRange(heapAfter - heapBefore, long.MinValue, 64);
        Assert.InRange(setAfter - setBefore, long.MinValue, 200);
    }

    private static (long Heap, long WorkingSet) Memory() => (GC.GetTotalMemory(forceFullCollection: true) / (1024 * 1024), Environment.WorkingSet / (1024 * 1024));

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable($"ORLEANSSTREAM_FUZZ_{name}"), CultureInfo.InvariantCulture, out var value) ? value : fallback;
}
