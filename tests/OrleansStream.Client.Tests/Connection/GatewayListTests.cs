using System.Net;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Client.Connection;
using OrleansStream.Grains;

namespace OrleansStream.Client.Tests.Connection;

/// <summary>
/// Orleans' client keeps to itself which gateways it takes for dead, and a call to a silo whose gateway is among them is lost. So
/// whatever is said to be in use here has to be among those that it tries.
/// </summary>
public sealed class GatewayListTests
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly GatewayList _list;

    public GatewayListTests()
    {
        Assert.True(ServerAddress.TryParse("127.0.0.1:30000", out var server, out _));
        _list = new GatewayList([server], null, "cluster", s_period, _time);
    }

    [Fact]
    public async Task A_named_silo_is_addressed_from_the_beginning_and_another_one_from_the_next_list_on()
    {
        await _list.GetGateways();
        Assert.True(_list.IsInUse(Silo(0), Gateway(0)));
        Assert.False(_list.IsInUse(Silo(1), Gateway(1)));

        Assert.Equal([Gateway(0).ToGatewayUri(), Gateway(1).ToGatewayUri()], await _list.GetGateways());

        Assert.True(_list.IsInUse(Silo(1), Gateway(1)));
    }

    [Fact]
    public async Task A_silo_that_came_back_on_its_address_is_addressed_when_nobody_takes_it_for_dead_any_longer()
    {
        await _list.GetGateways();
        _list.Learn(Cluster(0, 1));
        await _list.GetGateways();
        Assert.True(_list.IsInUse(Silo(1), Gateway(1)));

        // It died a moment ago, and a connection that failed has put its gateway on Orleans' list of the dead.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_list.IsInUse(Silo(1, generation: 2), Gateway(1)));
        _time.Advance(TimeSpan.FromSeconds(1));
        await _list.GetGateways();
        Assert.False(_list.IsInUse(Silo(1, generation: 2), Gateway(1)));
        Assert.False(_list.IsInUse(Silo(1), Gateway(1)));

        _time.Advance(s_period);
        _list.Learn(Cluster(0, 1));
        await _list.GetGateways();
        Assert.True(_list.IsInUse(Silo(1, generation: 2), Gateway(1)));
        Assert.False(_list.IsInUse(Silo(1), Gateway(1)));
        Assert.True(_list.IsInUse(Silo(0), Gateway(0)));
    }

    [Fact]
    public async Task A_named_silo_that_was_not_there_at_first_is_not_addressed_at_once()
    {
        await _list.GetGateways();
        _list.Learn(Cluster(1));
        Assert.False(_list.IsInUse(Silo(0), Gateway(0)));

        _time.Advance(s_period);
        _list.Learn(Cluster(0, 1));
        await _list.GetGateways();

        Assert.True(_list.IsInUse(Silo(0), Gateway(0)));
    }

    [Fact]
    public async Task What_is_gone_leaves_the_list()
    {
        _list.Learn(Cluster(0, 1));
        await _list.GetGateways();
        Assert.True(_list.IsInUse(Silo(1), Gateway(1)));

        _list.Learn(Cluster(0));

        Assert.Equal([Gateway(0).ToGatewayUri()], await _list.GetGateways());
        Assert.False(_list.IsInUse(Silo(1), Gateway(1)));
    }

    private static SiloAddress Silo(int number, int generation = 1) => SiloAddress.New(IPAddress.Loopback, 11111 + number, generation);

    private static SiloAddress Gateway(int number) => SiloAddress.New(IPAddress.Loopback, 30000 + number, 0);

    private static ClusterDescription Cluster(params int[] silos) => new(
        "cluster", "1", [.. silos.Select(silo => new SiloDescription($"silo-{silo}", "", $"127.0.0.1:{30000 + silo}", "Active", default, 0))]);
}
