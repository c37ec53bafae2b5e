using OrleansStream.Monitoring;

namespace OrleansStream.Abstractions.Tests.Monitoring;

public class LatencyBucketsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.05)]
    [InlineData(0.3)]
    [InlineData(1)]
    [InlineData(17.4)]
    [InlineData(999)]
    [InlineData(30_000)]
    public void A_duration_lies_between_the_bounds_of_its_bucket(double milliseconds)
    {
        var duration = TimeSpan.FromMilliseconds(milliseconds);

        var index = LatencyBuckets.IndexOf(duration);

        Assert.True(duration <= LatencyBuckets.UpperBound(index) * 1.0001);
        Assert.True(index == 0 || duration > LatencyBuckets.UpperBound(index - 1) * 0.9999);
    }

    [Fact]
    public void What_is_longer_than_all_bounds_is_in_the_last_bucket()
    {
        Assert.Equal(LatencyBuckets.Count - 1, LatencyBuckets.IndexOf(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Percentiles_are_exact_to_a_fifth()
    {
        var counts = new long[LatencyBuckets.Count];
        for (var milliseconds = 1; milliseconds <= 1000; milliseconds++)
        {
            counts[LatencyBuckets.IndexOf(TimeSpan.FromMilliseconds(milliseconds))]++;
        }

        Assert.InRange(LatencyBuckets.Percentile(counts, 0.5)!.Value.TotalMilliseconds, 500, 600);
        Assert.InRange(LatencyBuckets.Percentile(counts, 0.99)!.Value.TotalMilliseconds, 990, 1190);
        Assert.Null(LatencyBuckets.Percentile(new long[LatencyBuckets.Count], 0.5));
    }
}
