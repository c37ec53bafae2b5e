using OrleansStream.Client.Producing;
using OrleansStream.Dashboard.Actions;
using OrleansStream.Groups;
using OrleansStream.Testing;

namespace OrleansStream.Dashboard.Tests.Actions;

public sealed class OffsetResetTests : IAsyncLifetime
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    private OrleansStreamTestHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await OrleansStreamTestHost.StartAsync();
        await _host.Client.Admin.CreateTopicAsync("t", 2);
        await using var producer = _host.Client.CreateProducer<string, string>();
        for (var number = 0; number < 200; number++)
        {
            await producer.EnqueueAsync(new ProducerRecord<string, string>("t", null, "v") { Partition = number % 2, Timestamp = s_start.AddSeconds(number) });
        }

        await producer.FlushAsync();
        await _host.Client.Admin.ResetOffsetsAsync("g", [Commit(0, 50), Commit(1, 60)]);
    }

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Theory]
    [InlineData(0, 0, 0, new long[] { 0, 0 })]
    [InlineData(1, 0, 0, new long[] { 100, 100 })]
    [InlineData(2, 70, 0, new long[] { 70, 70 })]
    [InlineData(2, 9999, 0, new long[] { 100, 100 })]
    [InlineData(3, 0, 40, new long[] { 20, 20 })]
    [InlineData(3, 0, 5000, new long[] { 100, 100 })]
    public async Task What_the_plan_says_is_what_is_committed(int to, long offset, int seconds, long[] expected)
    {
        var request = new ResetRequest("g", null, null, (ResetTo)to, offset, s_start.AddSeconds(seconds));

        var plan = await OffsetReset.PlanAsync(_host.Client.Admin, request, CancellationToken.None);
        await _host.Client.Admin.ResetOffsetsAsync("g", OffsetReset.ToCommit(plan));

        Assert.Equal(expected, plan.Select(change => change.New));
        Assert.Equal([50 - expected[0], 60 - expected[1]], plan.Select(change => change.Again));
        var group = await _host.Client.Admin.DescribeGroupAsync("g");
        Assert.Equal(expected, group.Offsets.Select(partition => partition.CommittedOffset.Value));
        Assert.Equal(plan.Select(change => change.Lag), group.Offsets.Select(partition => partition.Lag));
    }

    [Fact]
    public async Task Only_what_was_chosen_is_changed()
    {
        var plan = await OffsetReset.PlanAsync(
            _host.Client.Admin, new ResetRequest("g", "t", 1, ResetTo.Beginning, 0, default), CancellationToken.None);

        Assert.Equal(new TopicPartition("t", 1), Assert.Single(plan).Partition);
    }

    private static CommittedOffset Commit(int partition, long offset) => new(new TopicPartition("t", partition), new Offset(offset), "", LeaderEpoch.None);
}
