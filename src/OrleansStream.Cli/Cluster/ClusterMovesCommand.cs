using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Placement;

namespace OrleansStream.Cli.Cluster;

/// <summary><c>ostream cluster moves</c>.</summary>
internal static class ClusterMovesCommand
{
    public static Command Build()
    {
        var limit = CommonOptions.Count("--limit", "How many at most", 100, 1, int.MaxValue);
        var command = new Command("moves", "List the partitions that went from silo to silo, newest first") { limit, CommonOptions.Output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var moves = client.Admin.ListMovesAsync(cancellationToken).Take((int)parsed.GetValue(limit)).Select(MoveRow.Of);
            await Listing.WriteAsync(parsed.GetValue(CommonOptions.Output), moves, Json.Readable.MoveRow, s_columns, cancellationToken);
        });
        return command.WithExamples("ostream cluster moves\nostream cluster moves --limit 1000 -o json");
    }

    private static readonly Column<MoveRow>[] s_columns =
    [
        new("Time", move => move.MovedAt.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)),
        new("Topic", move => move.Topic),
        new("Partition", move => move.Partition.ToString(CultureInfo.InvariantCulture), IsNumber: true),
        new("From", move => move.From),
        new("To", move => move.To),
        new("Reason", move => move.Reason.ToString().ToLowerInvariant()),
        new("Away (ms)", move => move.UnavailableMs.ToString("0.0", CultureInfo.InvariantCulture), IsNumber: true),
    ];
}

/// <summary>A move in the output.</summary>
internal sealed record MoveRow(
    long Number, DateTimeOffset MovedAt, string Topic, int Partition, string From, string To, MoveReason Reason, double UnavailableMs)
{
    public static MoveRow Of(PartitionMove move) => new(
        move.Number,
        move.MovedAt,
        ClusterDetails.Name(move.Topic, move.Partition),
        move.Partition.Partition,
        move.From,
        move.To,
        move.Reason,
        move.Unavailable.TotalMilliseconds);
}
