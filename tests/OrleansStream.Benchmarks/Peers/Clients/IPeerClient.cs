using HdrHistogram;

namespace OrleansStream.Benchmarks.Peers.Clients;

/// <summary>A client that all peers of a comparison are driven with. What it is asked for a second time, it does with new connections.</summary>
internal interface IPeerClient
{
    /// <summary>Writes as fast as the client's own buffer lets it, and waits until everything is acknowledged.</summary>
    /// <returns>Records per second, from the first record to the last acknowledgement, and how many.</returns>
    Task<Flow> ProduceAsync(string topic, Shape shape, TimeSpan duration);

    /// <summary>
    /// Writes on a schedule that waits for nobody. The time to an acknowledgement counts from the moment the record was due, so a server
    /// that stalls is charged for everything that was due meanwhile.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="shape">Of one producer.</param>
    /// <param name="rate">Records per second.</param>
    /// <param name="duration">How long is measured, after a warm-up.</param>
    /// <returns>Times to acknowledgement, in ticks of the stopwatch.</returns>
    Task<HistogramBase> ProduceAtAsync(string topic, Shape shape, double rate, TimeSpan duration);

    /// <summary>Reads everything a topic holds, from the beginning.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partitions">How many partitions it has.</param>
    /// <param name="records">How many records it holds.</param>
    /// <param name="readers">Independent readers, each of which reads everything.</param>
    /// <returns>Records per second, of all readers together.</returns>
    Task<Flow> ConsumeAsync(string topic, int partitions, long records, int readers = 1);

    /// <summary>Writes on a schedule and reads along; the time to the reader counts from the moment the record was due.</summary>
    Task<HistogramBase> EndToEndAsync(string topic, Shape shape, double rate, TimeSpan duration);
}

/// <summary>How many records went through in how long.</summary>
internal readonly record struct Flow(long Records, TimeSpan Elapsed)
{
    public double RecordsPerSecond => Records / Elapsed.TotalSeconds;
}
