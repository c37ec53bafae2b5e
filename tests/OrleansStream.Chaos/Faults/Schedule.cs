namespace OrleansStream.Chaos.Faults;

/// <summary>What breaks when: a function of the seed, the faults allowed, and the time there is.</summary>
public static class Schedule
{
    private const int OverlapOneIn = 4;
    private const int Targets = 1000;
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(4);

    /// <summary>Makes a schedule. Every fault begins before <paramref name="duration"/> is over; the last may end after it.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="faults">What may happen, and how long each lasts.</param>
    /// <param name="duration">How long things break.</param>
    public static IReadOnlyList<FaultStep> Create(int seed, IReadOnlyList<FaultKind> faults, TimeSpan duration)
    {
        var random = new Random(seed);
        var steps = new List<FaultStep>();
        var deck = new List<FaultKind>();
        var at = Between(random, TimeSpan.Zero, s_shortestPause);
        while (at < duration && faults.Count > 0)
        {
            // Dealt from a shuffled deck, so that a run that is long enough holds every fault.
            if (deck.Count == 0)
            {
                deck.AddRange(faults);
            }

            var index = random.Next(deck.Count);
            var fault = deck[index];
            deck.RemoveAt(index);
            var step = new FaultStep(at, fault.Name, random.Next(Targets), Between(random, fault.Shortest, fault.Longest));
            steps.Add(step);
            at += random.Next(OverlapOneIn) == 0 ? step.Duration / 2 : step.Duration + Between(random, s_shortestPause, s_longestPause);
        }

        return steps;
    }

    private static TimeSpan Between(Random random, TimeSpan least, TimeSpan most) => least + ((most - least) * random.NextDouble());
}
