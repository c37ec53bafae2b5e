using System.Net;
using OrleansStream.Server.Placement;
using Xunit.Abstractions;

namespace OrleansStream.Server.Tests.Placement;

/// <summary>What the placement function promises, for every number of partitions and silos that is likely.</summary>
public sealed class TopicPlacementTests(ITestOutputHelper output)
{
    private const int MaxPartitions = 200;
    private const int MaxSilos = 20;

    private static readonly int s_seed = Environment.TickCount;

    [Fact]
    public void Nobody_owns_more_than_an_even_share_and_a_joining_silo_takes_only_its_own()
    {
        var random = Seeded();
        var topic = NewTopic(random);
        for (var partitions = 1; partitions <= MaxPartitions; partitions++)
        {
            var silos = NewSilos(random, MaxSilos);
            var before = Owners(topic, partitions, silos[..1]);
            for (var count = 2; count <= MaxSilos; count++)
            {
                var after = Owners(topic, partitions, silos[..count]);

                CheckLoads(after, partitions, count);
                var moved = before.Zip(after).Where(pair => pair.First != pair.Second).ToList();
                Assert.All(moved, pair => Assert.Equal(silos[count - 1], pair.Second));
                Assert.InRange(moved.Count, partitions / count, (partitions + count - 1) / count);
                before = after;
            }
        }
    }

    [Fact]
    public void When_the_youngest_silo_goes_everything_is_as_it_was_before_it_came()
    {
        var random = Seeded();
        var silos = NewSilos(random, MaxSilos);

        for (var count = 2; count <= MaxSilos; count++)
        {
            var topic = NewTopic(random);
            var moved = Owners(topic, MaxPartitions, silos[..count]).Zip(Owners(topic, MaxPartitions, silos[..(count - 1)]))
                .Where(pair => pair.First != pair.Second);

            Assert.All(moved, pair => Assert.Equal(silos[count - 1], pair.First));
        }
    }

    [Fact]
    public void When_any_silo_goes_most_of_the_others_partitions_stay()
    {
        var random = Seeded();
        foreach (var count in new[] { 2, 3, 4, 6, 10, 20 })
        {
            const int Partitions = 120;
            const int Topics = 50;
            var (moved, needed) = (0, 0);
            for (var topic = 0; topic < Topics; topic++)
            {
                var silos = NewSilos(random, count);
                var id = NewTopic(random);
                var gone = random.Next(count);
                var before = Owners(id, Partitions, silos);
                var after = Owners(id, Partitions, [.. silos.Where((_, index) => index != gone)]);

                CheckLoads(after, Partitions, count - 1);
                moved += before.Zip(after).Count(pair => pair.First != pair.Second);
                needed += before.Count(owner => owner == silos[gone]);
            }

            output.WriteLine($"{count} silos: {moved / (double)Topics:0.0} of {Partitions} partitions moved, {needed / (double)Topics:0.0} had to.");
            Assert.True(moved < needed + (0.4 * Partitions * Topics), $"{moved} partitions moved, {needed} had to.");
        }
    }

    [Fact]
    public void The_order_in_which_silos_are_listed_does_not_matter()
    {
        var random = Seeded();
        for (var run = 0; run < 100; run++)
        {
            var silos = NewSilos(random, random.Next(1, MaxSilos + 1));
            var topic = NewTopic(random);
            var shuffled = silos.ToArray();
            random.Shuffle(shuffled);

            Assert.Equal(Owners(topic, MaxPartitions, silos), Owners(topic, MaxPartitions, shuffled));
        }
    }

    [Fact]
    public void The_function_is_the_same_in_every_process_and_version()
    {
        var silos = Enumerable.Range(1, 3).Select(n => SiloAddress.New(IPAddress.Parse($"10.0.0.{n}"), 11111, n)).ToArray();

        var owners = TopicPlacement.Assign(Guid.Parse("0192f0c1-2f3e-7a4b-8c5d-0123456789ab"), 12, silos);

        Assert.Equal("222021100011", string.Join("", owners));
    }

    [Fact]
    public void Pinned_partitions_lie_where_they_shall_and_the_others_even_it_out()
    {
        var random = Seeded();
        for (var run = 0; run < 500; run++)
        {
            var partitions = random.Next(1, MaxPartitions + 1);
            var silos = NewSilos(random, random.Next(1, MaxSilos + 1));
            var topic = NewTopic(random);
            var pins = Enumerable.Range(0, random.Next(0, partitions + 1)).Select(_ => random.Next(partitions)).Distinct()
                .ToDictionary(partition => partition, _ => (short)random.Next(silos.Length));

            var owners = TopicPlacement.Assign(topic, partitions, silos, pins);

            var most = (partitions + silos.Length - 1) / silos.Length;
            Assert.All(pins, pin => Assert.Equal(pin.Value, owners[pin.Key]));
            for (short silo = 0; silo < silos.Length; silo++)
            {
                Assert.True(owners.Count(owner => owner == silo) <= Math.Max(most, pins.Values.Count(pinned => pinned == silo)));
            }
        }
    }

    [Fact]
    public void Topics_of_one_partition_are_spread_over_all_silos()
    {
        var random = Seeded();
        var silos = NewSilos(random, 4);

        var loads = Enumerable.Range(0, 4000).Select(_ => Owners(NewTopic(random), 1, silos)[0]).CountBy(owner => owner).ToDictionary();

        Assert.All(silos, silo => Assert.InRange(loads.GetValueOrDefault(silo), 800, 1200));
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(5, 4)]
    [InlineData(7, 4)]
    public void What_does_not_divide_evenly_is_not_always_the_same_silos(int partitions, int count)
    {
        var random = Seeded();
        var silos = NewSilos(random, count);

        var loads = Enumerable.Range(0, 2000).SelectMany(_ => Owners(NewTopic(random), partitions, silos)).CountBy(owner => owner).ToDictionary();

        Assert.All(silos, silo => Assert.InRange(loads.GetValueOrDefault(silo) / 2000.0, 0.85 * partitions / count, 1.15 * partitions / count));
    }

    private static void CheckLoads(SiloAddress[] owners, int partitions, int silos)
    {
        var loads = owners.CountBy(owner => owner).Select(load => load.Value).ToList();
        Assert.True(loads.Max() <= (partitions + silos - 1) / silos);
        Assert.True(partitions < silos || (loads.Count == silos && loads.Min() >= partitions / silos));
    }

    private static SiloAddress[] Owners(Guid topic, int partitions, IReadOnlyList<SiloAddress> silos)
    {
        var byAge = TopicPlacement.ByAge(silos);
        return Array.ConvertAll(TopicPlacement.Assign(topic, partitions, byAge), index => byAge[index]);
    }

    /// <summary>Silos on different hosts, oldest first.</summary>
    private static SiloAddress[] NewSilos(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(age => SiloAddress.New(new IPAddress(random.Next()), random.Next(1, 65536), 1000 + age))];

    private static Guid NewTopic(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private Random Seeded()
    {
        output.WriteLine($"seed {s_seed}");
        return new Random(s_seed);
    }
}
