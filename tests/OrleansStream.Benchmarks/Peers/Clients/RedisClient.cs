using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using HdrHistogram;
using OrleansStream.Benchmarks.Ladder;
using StackExchange.Redis;

namespace OrleansStream.Benchmarks.Peers.Clients;

/// <summary>StackExchange.Redis, pipelined: an XADD for each record, as Redis knows no batches.</summary>
internal sealed class RedisClient(string bootstrap) : IPeerClient
{
    /// <summary>For people.</summary>
    public const string Settings = "an XADD per record, up to 20,000 of them in flight; reading by XREAD of 1,000 records a stream, along with the end by XREAD BLOCK";

    private const int Chunk = 1000;
    private const int ChunksInFlight = 20;

    private static readonly RedisValue s_field = "v";

    public async Task<Flow> ProduceAsync(string topic, Shape shape, TimeSpan duration)
    {
        var before = await CountAsync(topic, shape.Partitions);
        var connections = await ConnectAsync(shape.Producers);
        try
        {
            foreach (var connection in connections)
            {
                await PrimeAsync(connection, topic, shape);
            }

            var start = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(connections.Select(connection => Task.Run(() => ProduceForAsync(connection.GetDatabase(), topic, shape, duration))));
            var flow = new Flow(counts.Sum(), Stopwatch.GetElapsedTime(start));
            var stored = await CountAsync(topic, shape.Partitions) - before;
            return stored == flow.Records + shape.Producers * shape.Partitions
                ? flow
                : throw new InvalidOperationException($"{flow.Records} records were produced, but {stored} stored.");
        }
        finally
        {
            await DisposeAsync(connections);
        }
    }

    public async Task<HistogramBase> ProduceAtAsync(string topic, Shape shape, double rate, TimeSpan duration)
    {
        await using var connection = await ConnectAsync();
        await PrimeAsync(connection, topic, shape);
        var database = connection.GetDatabase();
        var streams = Streams(topic, shape.Partitions);
        var schedule = new Schedule(rate, duration);
        var histogram = Schedule.NewHistogram();
        RedisValue value = SampleValue.Of(shape.RecordBytes);
        var next = 0;
        var all = new List<Task>();
        await schedule.RunAsync((due, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                all.Add(TimeAsync(database.StreamAddAsync(streams[next++ % streams.Length], s_field, value), due));
            }
        });

        // Throws when a record was not acknowledged.
        await Task.WhenAll(all);
        return histogram;

        async Task TimeAsync(Task acknowledged, long due)
        {
            await acknowledged.ConfigureAwait(false);
            schedule.Record(histogram, due);
        }
    }

    public async Task<Flow> ConsumeAsync(string topic, int partitions, long records, int readers = 1)
    {
        var connections = await ConnectAsync(readers);
        try
        {
            var start = Stopwatch.GetTimestamp();
            await Task.WhenAll(connections.Select(connection => Task.Run(() => ReadAsync(connection.GetDatabase(), topic, partitions, records))));
            return new Flow(records * readers, Stopwatch.GetElapsedTime(start));
        }
        finally
        {
            await DisposeAsync(connections);
        }
    }

    public async Task<HistogramBase> EndToEndAsync(string topic, Shape shape, double rate, TimeSpan duration)
    {
        await using var connection = await ConnectAsync();
        await PrimeAsync(connection, topic, shape);
        var schedule = new Schedule(rate, duration);
        var histogram = Schedule.NewHistogram();
        var reading = Task.Run(() => FollowAsync(topic, shape.Partitions, shape.Partitions + schedule.Records, due => schedule.Record(histogram, due)));
        var database = connection.GetDatabase();
        var streams = Streams(topic, shape.Partitions);
        var next = 0;
        var all = new List<Task>();
        await schedule.RunAsync((due, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                var value = new byte[shape.RecordBytes];
                BinaryPrimitives.WriteInt64LittleEndian(value, due);
                all.Add(database.StreamAddAsync(streams[next++ % streams.Length], s_field, value));
            }
        });
        await Task.WhenAll(all);
        await reading;
        return histogram;
    }

    private static async Task<long> ProduceForAsync(IDatabase database, string topic, Shape shape, TimeSpan duration)
    {
        var streams = Streams(topic, shape.Partitions);
        RedisValue value = SampleValue.Of(shape.RecordBytes);
        var inFlight = new Queue<Task>();
        var count = 0L;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < duration;)
        {
            var chunk = new Task[Chunk];
            for (var i = 0; i < chunk.Length; i++)
            {
                chunk[i] = database.StreamAddAsync(streams[count++ % streams.Length], s_field, value);
            }

            inFlight.Enqueue(Task.WhenAll(chunk));
            if (inFlight.Count == ChunksInFlight)
            {
                await inFlight.Dequeue();
            }
        }

        await Task.WhenAll(inFlight);
        return count;
    }

    private static async Task<long> ReadAsync(IDatabase database, string topic, int partitions, long records)
    {
        var from = Streams(topic, partitions).ToDictionary(stream => stream, _ => StreamPosition.Beginning);
        var bytes = 0L;
        for (var count = 0L; count < records;)
        {
            foreach (var stream in await database.StreamReadAsync([.. from.Select(position => new StreamPosition(position.Key, position.Value))], Chunk))
            {
                foreach (var entry in stream.Entries)
                {
                    bytes += ((ReadOnlyMemory<byte>)entry.Values[0].Value).Length;
                }

                count += stream.Entries.Length;
                from[stream.Key] = stream.Entries[^1].Id;
            }
        }

        return bytes;
    }

    /// <summary>Reads along with the end. The client itself knows no reads that wait, as these hold up its connection: so this has one of its own.</summary>
    private async Task FollowAsync(string topic, int partitions, long records, Action<long> read)
    {
        await using var connection = await ConnectAsync();
        var database = connection.GetDatabase();
        var from = Streams(topic, partitions).ToDictionary(stream => stream.ToString(), _ => "0");
        for (var count = 0L; count < records;)
        {
            object[] words = ["COUNT", Chunk.ToString(CultureInfo.InvariantCulture), "BLOCK", "1000", "STREAMS", .. from.Keys, .. from.Values];
            var answer = await database.ExecuteAsync("XREAD", words);
            if (answer.IsNull)
            {
                continue;
            }

            foreach (var stream in (RedisResult[])answer!)
            {
                var entries = (RedisResult[])stream[1]!;
                foreach (var entry in entries)
                {
                    var due = BinaryPrimitives.ReadInt64LittleEndian((byte[])entry[1][1]!);
                    if (due > 0)
                    {
                        read(due);
                    }
                }

                count += entries.Length;
                from[(string)stream[0]!] = (string)entries[^1][0]!;
            }
        }
    }

    /// <summary>Connections are not what is measured.</summary>
    private static Task PrimeAsync(IConnectionMultiplexer connection, string topic, Shape shape) => Task.WhenAll(
        Streams(topic, shape.Partitions).Select(stream => connection.GetDatabase().StreamAddAsync(stream, s_field, new byte[shape.RecordBytes])));

    private async Task<long> CountAsync(string topic, int partitions)
    {
        await using var connection = await ConnectAsync();
        return (await Task.WhenAll(Streams(topic, partitions).Select(stream => connection.GetDatabase().StreamLengthAsync(stream)))).Sum();
    }

    private Task<ConnectionMultiplexer[]> ConnectAsync(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => ConnectAsync()));

    /// <summary>Patient: a server that stalls is measured, not given up.</summary>
    private Task<ConnectionMultiplexer> ConnectAsync() =>
        ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions { EndPoints = { bootstrap }, AsyncTimeout = 60_000, SyncTimeout = 60_000 });

    private static RedisKey[] Streams(string topic, int partitions) =>
        [.. Enumerable.Range(0, partitions).Select(partition => new RedisKey(string.Create(CultureInfo.InvariantCulture, $"{topic}:{partition}")))];

    private static async Task DisposeAsync(IEnumerable<ConnectionMultiplexer> connections)
    {
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
    }
}
