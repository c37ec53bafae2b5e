namespace OrleansStream.Benchmarks.Ladder;

/// <summary>One rung: the platform cut off at a certain height, under the same load as every other.</summary>
internal interface IRung : IAsyncDisposable
{
    /// <summary>The room whose cost this rung adds to the one below.</summary>
    string Name { get; }

    /// <summary>Sets up what is not measured. The folder is empty and is deleted afterwards.</summary>
    Task StartAsync(Load load, string folder);

    /// <summary>Runs the load once and measures.</summary>
    Task<Measurement> RunAsync();
}
