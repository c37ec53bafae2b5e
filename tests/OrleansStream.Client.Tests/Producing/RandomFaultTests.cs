using OrleansStream.Client.Producing;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Tests.Producing;

/// <summary>
/// Whatever the network and the silos do, from a seed: what was acknowledged is stored exactly once, where the
/// acknowledgement says, in the order of the calls; and never are two batches of a partition in flight.
/// </summary>
public sealed class RandomFaultTests
{
    private const int Partitions = 3;
    private const int RecordsPerPartition = 400;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Acknowledged_records_are_stored_once_and_in_order(int seed)
    {
        var cluster = new FakeCluster();
        cluster.CreateTopic("t", Partitions);
        var faults = new Faults(seed);
        cluster.OnProduce = faults.AnswerAsync;
        cluster.LeaderOf = _ => faults.Silo();
        var deliveries = new List<Task<RecordMetadata>>[Partitions];
        await using (var producer = cluster.CreateProducer(new() { MaxBatchBytes = 2048, MaxBufferedBytes = 16 * 1024 }))
        {
            await Task.WhenAll(Enumerable.Range(0, Partitions).Select(partition => Task.Run(async () =>
            {
                var mine = deliveries[partition] = [];
                for (var i = 0; i < RecordsPerPartition; i++)
                {
                    mine.Add(producer.ProduceAsync(new("t", null, $"{i}") { Partition = partition }).AsTask());
                    if (i % 37 == 0)
                    {
                        await Task.Yield();
                    }
                }
            })));
            await Task.WhenAll(deliveries.SelectMany(list => list)).WaitAsync(TimeSpan.FromSeconds(60));
        }

        for (var partition = 0; partition < Partitions; partition++)
        {
            var log = cluster.Partition("t", partition);
            Assert.True(
                log.Values.SequenceEqual(Enumerable.Range(0, RecordsPerPartition).Select(i => $"{i}")),
                $"Seed {seed}, partition {partition}: {string.Join(' ', log.Values)}");
            var offsets = await Task.WhenAll(deliveries[partition]);
            Assert.Equal(Enumerable.Range(0, RecordsPerPartition).Select(i => (long)i), offsets.Select(metadata => metadata.Offset.Value));
        }

        Assert.Equal(1, cluster.MostInFlight);
    }

    /// <summary>Loses requests, loses answers, delivers twice, moves partitions, throttles.</summary>
    private sealed class Faults(int seed)
    {
        private readonly Random _random = new(seed);

        public int Silo()
        {
            lock (_random)
            {
                return _random.Next(1, 4);
            }
        }

        public async Task<ProduceResponse> AnswerAsync(ProduceCall call)
        {
            int dice;
            lock (_random)
            {
                dice = _random.Next(20);
            }

            await Task.Yield();
            switch (dice)
            {
                case 0:
                    throw new TimeoutException("The request was lost.");
                case 1:
                    call.Apply();
                    throw new TimeoutException("The answer was lost.");
                case 2:
                    call.Apply();
                    return call.Apply();
                case 3:
                    return ProduceCall.Answer(ErrorCode.NotLeaderOrFollower, FakeCluster.Leader(Silo()));
                case 4:
                    return ProduceCall.Answer(ErrorCode.NotLeaderOrFollower);
                case 5:
                    call.Apply();
                    throw new SiloUnavailableException("The silo died with the answer.");
                case 6:
                    return ProduceCall.Answer(ErrorCode.Throttled);
                case 7:
                    call.Apply();
                    return ProduceCall.Answer(ErrorCode.StorageError);
                default:
                    return call.Apply();
            }
        }
    }
}
