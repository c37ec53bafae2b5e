namespace OrleansStream.Abstractions.Tests;

public sealed class OffsetTests
{
    [Fact]
    public void Offsets_are_ordered_and_counted_from_zero()
    {
        var five = new Offset(5);

        Assert.True(five < five + 1 && five > Offset.Zero && Offset.None < Offset.Zero);
        Assert.True(five <= new Offset(5) && five >= new Offset(5));
        Assert.Equal(3, five + 3 - five);
        Assert.Equal("5", five.ToString());
    }

    [Fact]
    public void Only_offsets_from_zero_on_are_offsets()
    {
        Assert.True(Offset.Zero.HasValue);
        Assert.False(Offset.None.HasValue);
        Assert.False(new Offset(-2).HasValue);
    }

    [Fact]
    public void Epochs_and_generations_only_go_up()
    {
        Assert.Equal(new LeaderEpoch(0), LeaderEpoch.None.Next());
        Assert.True(LeaderEpoch.None < LeaderEpoch.None.Next());
        Assert.Equal(new Generation(0), Generation.None.Next());
        Assert.True(Generation.None.Next() > Generation.None);
        Assert.Throws<OverflowException>(() => new LeaderEpoch(int.MaxValue).Next());
    }
}
