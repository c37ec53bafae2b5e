namespace OrleansStream.Chaos.Faults;

/// <summary>One thing that the nemesis does.</summary>
/// <param name="At">When, counted from the start of the breaking.</param>
/// <param name="Fault">The fault's name.</param>
/// <param name="Target">Chooses among the silos (or whatever there is to choose among) that can be taken then.</param>
/// <param name="Duration">How long it stays broken.</param>
public sealed record FaultStep(TimeSpan At, string Fault, int Target, TimeSpan Duration)
{
    /// <summary>For reports.</summary>
    public override string ToString() => FormattableString.Invariant($"{At.TotalSeconds:0.0}s {Fault} for {Duration.TotalSeconds:0.0}s (target {Target})");
}

/// <summary>A fault as the schedule knows it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Shortest">The least time it lasts.</param>
/// <param name="Longest">The most time it lasts.</param>
public sealed record FaultKind(string Name, TimeSpan Shortest, TimeSpan Longest);
