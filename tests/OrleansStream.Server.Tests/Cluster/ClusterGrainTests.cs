using OrleansStream.Grains;
using OrleansStream.Server.Tests.Fakes;

namespace OrleansStream.Server.Tests.Cluster;

[Collection(SiloCollection.Name)]
public sealed class ClusterGrainTests(SiloFixture silo)
{
    private IClusterGrain Cluster => silo.Client.GetGrain<IClusterGrain>(0);

    [Fact]
    public async Task The_cluster_is_described_with_its_silos()
    {
        var (id, _) = await silo.OpenPartitionAsync();

        var cluster = await Cluster.DescribeAsync();

        var member = Assert.Single(cluster.Silos);
        Assert.Equal((silo.Host.GatewayAddress, "Active"), (member.Gateway, member.Status));
        Assert.True(member.OpenPartitions >= 1, $"Partition {id} is open.");
        Assert.NotEmpty(cluster.ClusterId);
        Assert.NotEqual("unknown", cluster.Version);
    }

    [Fact]
    public async Task Topics_are_listed_in_pages_by_name()
    {
        var prefix = SiloFixture.NewName() + ".";
        foreach (var letter in new[] { "c", "a", "B", "d" })
        {
            await silo.Topic(prefix + letter).CreateAsync(1, new Dictionary<string, string>());
        }

        var first = await Cluster.ListTopicsAsync(prefix, null, 3);
        var second = await Cluster.ListTopicsAsync(prefix, first[^1].Name, 3);

        Assert.Equal(["B", "a", "c"], first.Select(topic => topic.Name[prefix.Length..]));
        Assert.Equal(["d"], second.Select(topic => topic.Name[prefix.Length..]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task A_page_of_impossible_size_is_refused(int limit)
    {
        var topics = await Assert.ThrowsAsync<OrleansStreamException>(() => Cluster.ListTopicsAsync("", null, limit));
        var groups = await Assert.ThrowsAsync<OrleansStreamException>(() => Cluster.ListGroupsAsync("", null, limit));

        Assert.Equal((ErrorCode.InvalidRequest, ErrorCode.InvalidRequest), (topics.ErrorCode, groups.ErrorCode));
    }

    [Fact]
    public async Task No_two_producers_get_one_id()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 1200).Select(_ => Cluster.AllocateProducerIdAsync()));

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(id >= 0));
    }
}
