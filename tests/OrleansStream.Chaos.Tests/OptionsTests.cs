namespace OrleansStream.Chaos.Tests;

public class OptionsTests
{
    [Fact]
    public void A_command_line_is_read()
    {
        var options = ChaosOptions.Parse(["--seed", "7", "--runs", "2", "--seconds", "90", "--silos", "4", "--faults", "kill,freeze"]);

        Assert.Equal((7, 2, TimeSpan.FromSeconds(90), 4, ChaosStorage.Postgres), (options.Seed, options.Runs, options.Duration, options.Silos, options.Storage));
        Assert.Equal(["kill", "freeze"], options.Faults!);
        Assert.Equal(1, ChaosOptions.Parse(["--silos", "4", "--storage", "files"]).Silos);
    }

    [Theory]
    [InlineData("--seconds")]
    [InlineData("--seconds", "0")]
    [InlineData("--storage", "paper")]
    [InlineData("--speed", "1")]
    public void A_mistake_is_named(params string[] arguments)
    {
        Assert.Contains(arguments[0], Assert.Throws<FormatException>(() => ChaosOptions.Parse(arguments)).Message, StringComparison.Ordinal);
    }
}
