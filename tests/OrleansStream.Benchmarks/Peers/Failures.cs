namespace OrleansStream.Benchmarks.Peers;

/// <summary>What could not be measured. One side's failure is told by its name and leaves the others alone.</summary>
internal sealed class Failures(TextWriter output)
{
    private readonly List<string> _all = [];

    public IReadOnlyList<string> All => _all;

    /// <summary>Runs what belongs to one side.</summary>
    public async Task GuardAsync(string side, int round, Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (Exception failure)
        {
            var told = $"{side}, round {round + 1}: {failure.Message.Trim().ReplaceLineEndings(" ")}";
            _all.Add(told);
            await output.WriteLineAsync($"FAILED: {told}");
        }
    }
}
