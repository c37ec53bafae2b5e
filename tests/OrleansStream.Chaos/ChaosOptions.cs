using System.Globalization;

namespace OrleansStream.Chaos;

/// <summary>Where the silos keep their data.</summary>
public enum ChaosStorage
{
    /// <summary>One silo, local files.</summary>
    Files,

    /// <summary>Any number of silos, a PostgreSQL server with a synchronous standby, and a second one for half of the logs.</summary>
    Postgres,
}

/// <summary>What a run is made of. Equal options make equal schedules and equal random choices.</summary>
public sealed record ChaosOptions
{
    public const string Usage = """
        usage: ./dev chaos [OPTION VALUE ...]        real silos under load while things break, and a checker of what was seen
               ./dev chaos check HISTORY             judges the history of an earlier run again

          --seed N            the seed of everything random (1); the next run takes the next one
          --runs N            how many runs (1)
          --seconds N         how long things break in each run (60)
          --silos N           how many silos to begin with (3; always 1 with files)
          --partitions N      of the topic (12)
          --storage NAME      postgres or files (postgres)
          --faults A,B,C      only these; 'list' lists them (all that work here)
          --output DIR        where histories, logs and reports go (chaos-results)
        """;

    public int Seed { get; init; } = 1;

    public int Runs { get; init; } = 1;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(60);

    public int Silos { get; init; } = 3;

    public int Partitions { get; init; } = 12;

    public ChaosStorage Storage { get; init; } = ChaosStorage.Postgres;

    /// <summary>The names of the faults; null for all that work here.</summary>
    public IReadOnlyList<string>? Faults { get; init; }

    public string Output { get; init; } = "chaos-results";

    /// <summary>Reads a command line.</summary>
    /// <exception cref="FormatException">An option is not known, or its value is not acceptable.</exception>
    public static ChaosOptions Parse(IReadOnlyList<string> args)
    {
        var options = new ChaosOptions();
        for (var i = 0; i < args.Count; i += 2)
        {
            var value = i + 1 < args.Count ? args[i + 1] : throw new FormatException($"The option {args[i]} needs a value.");
            options = args[i] switch
            {
                "--seed" => options with { Seed = Number(value, 0) },
                "--runs" => options with { Runs = Number(value, 1) },
                "--seconds" => options with { Duration = TimeSpan.FromSeconds(Number(value, 1)) },
                "--silos" => options with { Silos = Number(value, 1) },
                "--partitions" => options with { Partitions = Number(value, 1) },
                "--storage" => options with { Storage = Enum.TryParse<ChaosStorage>(value, ignoreCase: true, out var storage) ? storage : throw new FormatException($"--storage is postgres or files, not '{value}'.") },
                "--faults" => options with { Faults = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) },
                "--output" => options with { Output = value },
                _ => throw new FormatException($"There is no option '{args[i]}'."),
            };

            int Number(string text, int least) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= least
                ? number
                : throw new FormatException($"The option {args[i]} needs a number from {least} on, not '{text}'.");
        }

        return options.Storage == ChaosStorage.Files ? options with { Silos = 1 } : options;
    }
}
