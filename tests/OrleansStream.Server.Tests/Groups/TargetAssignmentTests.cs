using OrleansStream.Server.Groups;

namespace OrleansStream.Server.Tests.Groups;

public sealed class TargetAssignmentTests
{
    private const int RandomGroups = 2000;

    [Fact]
    public void Every_partition_that_somebody_subscribed_to_has_one_owner_who_subscribed_to_its_topic() => ForRandomGroups(group =>
    {
        var subscribed = group.Members.SelectMany(member => member.Topics).ToHashSet();
        var expected = group.Topics.Where(topic => subscribed.Contains(topic.Name)).SelectMany(Partitions);

        var assignment = Compute(group);

        Assert.Equal(expected.Select(partition => partition.ToString()).Order(), assignment.Keys.Select(partition => partition.ToString()).Order());
        Assert.All(assignment, pair => Assert.Contains(group.Topics.Single(topic => topic.TopicId == pair.Key.TopicId).Name, group.Members[pair.Value].Topics));
    });

    [Fact]
    public void Members_with_the_same_subscription_differ_by_one_partition_at_most() => ForRandomGroups(group =>
    {
        var load = Loads(group, Compute(group));

        foreach (var equals in Enumerable.Range(0, group.Members.Count).GroupBy(member => string.Join(',', group.Members[member].Topics.Order())))
        {
            Assert.InRange(equals.Max(member => load[member]) - equals.Min(member => load[member]), 0, 1);
        }
    });

    [Fact]
    public void No_single_move_could_bring_two_members_nearer_to_each_other() => ForRandomGroups(group =>
    {
        var assignment = Compute(group);
        var load = Loads(group, assignment);

        foreach (var (partition, owner) in assignment)
        {
            var topic = group.Topics.Single(topic => topic.TopicId == partition.TopicId).Name;
            Assert.DoesNotContain(
                Enumerable.Range(0, group.Members.Count),
                other => group.Members[other].Topics.Contains(topic) && load[owner] - load[other] >= 2);
        }
    });

    [Fact]
    public void The_same_arguments_give_the_same_result() => ForRandomGroups(group =>
    {
        var shuffled = group with { Previous = new Dictionary<PartitionId, string>(group.Previous.Reverse()) };

        Assert.Equal(Compute(group).OrderBy(pair => pair.Key.ToString()), Compute(shuffled).OrderBy(pair => pair.Key.ToString()));
    });

    [Fact]
    public void An_assignment_that_is_balanced_already_stays_as_it_is() => ForRandomGroups(group =>
    {
        var once = Compute(group);
        var again = group with { Previous = once.ToDictionary(pair => pair.Key, pair => group.Members[pair.Value].MemberId) };

        Assert.Equal(once.OrderBy(pair => pair.Key.ToString()), Compute(again).OrderBy(pair => pair.Key.ToString()));
    });

    [Fact]
    public void With_equal_subscriptions_no_partition_moves_that_need_not() => ForRandomGroups(
        group =>
        {
            var assignment = Compute(group);

            var kept = group.Previous.Where(pair => assignment.ContainsKey(pair.Key) && group.Members.Any(member => member.MemberId == pair.Value)).ToList();
            var moved = kept.Count(pair => group.Members[assignment[pair.Key]].MemberId != pair.Value);
            var loads = group.Members.Select(member => kept.Count(pair => pair.Value == member.MemberId)).OrderDescending().ToArray();
            var (share, rest) = Math.DivRem(assignment.Count, group.Members.Count);
            Assert.Equal(loads.Select((load, rank) => Math.Max(0, load - share - (rank < rest ? 1 : 0))).Sum(), moved);
        },
        equalSubscriptions: true);

    [Fact]
    public void A_newcomer_gets_its_share_from_every_topic()
    {
        GroupTopic[] topics = [new("a", Guid.NewGuid(), 6), new("b", Guid.NewGuid(), 6)];
        Subscriber[] two = [new("m1", ["a", "b"]), new("m2", ["a", "b"])];
        var before = TargetAssignment.Compute(two, topics, new Dictionary<PartitionId, string>())
            .ToDictionary(pair => pair.Key, pair => two[pair.Value].MemberId);

        var after = TargetAssignment.Compute([.. two, new("m3", ["a", "b"])], topics, before);

        Assert.Equal([2, 2], topics.Select(topic => after.Count(pair => pair.Value == 2 && pair.Key.TopicId == topic.TopicId)));
    }

    [Fact]
    public void Ten_thousand_partitions_and_a_thousand_members_are_assigned_in_no_time()
    {
        GroupTopic[] topics = [.. Enumerable.Range(0, 10).Select(n => new GroupTopic($"t{n}", Guid.NewGuid(), 1000))];
        string[] names = [.. topics.Select(topic => topic.Name)];
        Subscriber[] members = [.. Enumerable.Range(0, 1000).Select(n => new Subscriber($"m{n:D4}", names))];
        var previous = TargetAssignment.Compute(members[..500], topics, new Dictionary<PartitionId, string>())
            .ToDictionary(pair => pair.Key, pair => members[pair.Value].MemberId);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var assignment = TargetAssignment.Compute(members, topics, previous);

        Assert.All(assignment.GroupBy(pair => pair.Value), share => Assert.Equal(10, share.Count()));
        // It takes some 50 ms; the rest is for machines that do other things.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static IEnumerable<PartitionId> Partitions(GroupTopic topic) => Enumerable.Range(0, topic.PartitionCount).Select(n => new PartitionId(topic.TopicId, n));

    private static Dictionary<PartitionId, int> Compute(RandomGroup group) => TargetAssignment.Compute(group.Members, group.Topics, group.Previous);

    private static int[] Loads(RandomGroup group, Dictionary<PartitionId, int> assignment) =>
        [.. Enumerable.Range(0, group.Members.Count).Select(member => assignment.Values.Count(owner => owner == member))];

    private static void ForRandomGroups(Action<RandomGroup> check, bool equalSubscriptions = false)
    {
        for (var seed = 0; seed < RandomGroups; seed++)
        {
            try
            {
                check(RandomGroup.Make(new Random(seed), equalSubscriptions));
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"Seed {seed}: {e.Message}");
            }
        }
    }

    private sealed record RandomGroup(IReadOnlyList<Subscriber> Members, IReadOnlyList<GroupTopic> Topics, IReadOnlyDictionary<PartitionId, string> Previous)
    {
        public static RandomGroup Make(Random random, bool equalSubscriptions)
        {
            var topics = Enumerable.Range(0, random.Next(1, 5)).Select(n => new GroupTopic($"t{n}", NewId(random), random.Next(1, 12))).ToArray();
            string[] all = [.. topics.Select(topic => topic.Name), "no-such-topic"];
            var members = Enumerable.Range(0, random.Next(1, 7)).Select(n => new Subscriber(
                $"m{n}", equalSubscriptions ? all : [.. all.Where(_ => random.Next(2) == 0)])).ToArray();
            var previous = new Dictionary<PartitionId, string>();
            foreach (var partition in topics.Append(new GroupTopic("deleted", NewId(random), 3)).SelectMany(Partitions))
            {
                if (random.Next(4) > 0)
                {
                    // The last name is that of a member who left.
                    previous.Add(partition, $"m{random.Next(members.Length + 1)}");
                }
            }

            return new RandomGroup(members, topics, previous);
        }

        private static Guid NewId(Random random)
        {
            var bytes = new byte[16];
            random.NextBytes(bytes);
            return new Guid(bytes);
        }
    }
}
