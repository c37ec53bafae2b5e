using System.Globalization;

namespace OrleansStream.Benchmarks.Peers;

/// <summary>What <c>./dev bench peers</c> is told.</summary>
internal sealed record PeerOptions
{
    private static readonly string[] s_measures = ["produce", "consume", "latency", "end-to-end", "sdk", "start", "limits", "storage", "postgres"];
    private static readonly string[] s_sides = ["ours", "kafka", "kafka-flush", "redis"];

    public const string Usage = """
        usage: ./dev bench peers [--rounds N] [--seconds S] [--only WORD,…] [--without WORD,…] [--wide] [--rate R] [--out FOLDER] [--folder DIR]
               ./dev bench compare BEFORE.json AFTER.json

        Runs the standard shapes against OrleansStream (published host, on files, fsync before ack) and its peers, in turn, round after round.
        Apache Kafka takes part when ORLEANSSTREAM_KAFKA_HOME names the folder of an installation, Redis when redis-server is installed; what is
        missing is said by name, and so is what failed, while the others go on. The exit code is 1 if anything failed.

          --rounds N     how often everything is measured (3)
          --seconds S    how long a throughput or latency is measured, after a warm-up (4)
          --only WORDS   only these: produce, consume, latency, end-to-end, sdk, start, limits, storage, postgres; of these sides: ours, kafka, kafka-flush, redis
          --without …    all but these
          --wide         all standard shapes (1, 6 and 64 partitions, 1 and 4 producers, 100 B and 1 KiB), five readers, memory per partition
          --rate R       records per second of the ack latency; else half of the peak of the slower of ours and Kafka with flushes, in round 1
          --out FOLDER   where results.json and RESULTS.md are written (peer-results)
          --folder DIR   where the servers keep their files, on the disk that is to be measured (bench-data)

        compare says which ratios of the second run are worse than those of the first by more than both spreads, and ends with 1 if there are any.
        """;

    public int Rounds { get; init; } = 3;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(4);

    public double Rate { get; init; }

    public bool IsWide { get; init; }

    public string Out { get; init; } = "peer-results";

    public string Folder { get; init; } = "bench-data";

    public IReadOnlyList<string> Only { get; init; } = [];

    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Whether something is measured.</summary>
    public bool Runs(string word) => IsWanted(word, s_measures);

    /// <summary>Whether a side takes part.</summary>
    public bool Invites(string side) => IsWanted(side, s_sides);

    /// <summary>Measures and sides are chosen apart: who names only measures wants them of every side.</summary>
    private bool IsWanted(string word, string[] kind) => (Only.Contains(word) || !Only.Intersect(kind).Any()) && !Without.Contains(word);

    public static PeerOptions Parse(string[] args)
    {
        var options = new PeerOptions();
        for (var i = 1; i < args.Length; i++)
        {
            var name = args[i];
            if (name == "--wide")
            {
                options = options with { IsWide = true };
                continue;
            }

            var value = i + 1 < args.Length ? args[++i] : throw new ArgumentException($"The option {name} needs a value.");
            options = name switch
            {
                "--rounds" => options with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seconds" => options with { Duration = TimeSpan.FromSeconds(Number(value)) },
                "--rate" => options with { Rate = Number(value) },
                "--out" => options with { Out = value },
                "--folder" => options with { Folder = value },
                "--only" => options with { Only = value.Split(',') },
                "--without" => options with { Without = value.Split(',') },
                _ => throw new ArgumentException($"There is no option '{name}'; see ./dev bench peers --help."),
            };
        }

        return options;

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }
}
