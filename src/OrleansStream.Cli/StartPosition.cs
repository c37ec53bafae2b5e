using System.CommandLine;
using System.Globalization;
using OrleansStream.Client.Administration;

namespace OrleansStream.Cli;

/// <summary>A place in a partition as people name it: the beginning, the end, an offset, or a time.</summary>
internal sealed record StartPosition
{
    private static readonly string[] s_timeFormats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>The first record that the log holds.</summary>
    public static StartPosition Beginning { get; } = new();

    /// <summary>Behind the last record.</summary>
    public static StartPosition End { get; } = new() { IsEnd = true };

    /// <summary>True for <see cref="End"/>.</summary>
    public bool IsEnd { get; private init; }

    /// <summary>Set for an offset.</summary>
    public Offset? Offset { get; private init; }

    /// <summary>Set for a time; it stands for the first record that is not older.</summary>
    public DateTimeOffset? Time { get; private init; }

    /// <summary>Reads what was typed; a time without a zone is UTC.</summary>
    public static bool TryParse(string text, out StartPosition position)
    {
        position = Beginning;
        if (text == "beginning")
        {
            return true;
        }

        if (text == "end")
        {
            position = End;
            return true;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            position = new StartPosition { Offset = new Offset(offset) };
            return true;
        }

        var isTime = DateTimeOffset.TryParseExact(text, s_timeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time);
        position = new StartPosition { Time = time };
        return isTime;
    }

    /// <summary>An option that takes a position.</summary>
    public static Option<StartPosition?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "beginning|end|OFFSET|TIME",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!TryParse(text, out var position))
            {
                result.AddError($"{name} is 'beginning', 'end', an offset from 0, or a time like 2026-01-31T18:00:00Z, not '{text}'.");
            }

            return position;
        },
    };

    /// <summary>Finds the offset that this position has in a partition now.</summary>
    /// <exception cref="CommandException">An offset that the partition does not hold.</exception>
    public async Task<Offset> ResolveAsync(IAdminClient admin, TopicPartition partition, CancellationToken cancellationToken)
    {
        if (this == Beginning)
        {
            return await admin.FindBeginningAsync(partition, cancellationToken);
        }

        if (Time is { } time && await admin.FindOffsetAsync(partition, time, cancellationToken) is { } found)
        {
            return found;
        }

        var end = await admin.FindEndAsync(partition, cancellationToken);
        if (Offset is not { } offset)
        {
            return end;
        }

        var beginning = await admin.FindBeginningAsync(partition, cancellationToken);
        return offset >= beginning && offset <= end
            ? offset
            : throw new CommandException($"Offset {offset} is outside of {partition}, which holds {beginning} up to its end at {end}.");
    }
}
