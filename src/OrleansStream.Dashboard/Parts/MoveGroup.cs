using OrleansStream.Placement;

namespace OrleansStream.Dashboard.Parts;

/// <summary>Moves that one event made: the same reason, and no long pause between them.</summary>
internal sealed record MoveGroup(MoveReason Reason, IReadOnlyList<PartitionMove> Moves)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    /// <summary>When the last of them was done.</summary>
    public DateTimeOffset At => Moves[0].MovedAt;

    public TimeSpan Shortest => Moves.Min(move => move.Unavailable);

    public TimeSpan Longest => Moves.Max(move => move.Unavailable);

    /// <param name="moves">Newest first.</param>
    /// <returns>Newest first.</returns>
    public static IReadOnlyList<MoveGroup> Of(IReadOnlyList<PartitionMove> moves)
    {
        var groups = new List<List<PartitionMove>>();
        foreach (var move in moves.OrderByDescending(move => move.MovedAt))
        {
            var fitting = groups.Find(group => group[0].Reason == move.Reason && group[^1].MovedAt - move.MovedAt < s_pause);
            if (fitting is null)
            {
                groups.Add([move]);
            }
            else
            {
                fitting.Add(move);
            }
        }

        return [.. groups.Select(group => new MoveGroup(group[0].Reason, group))];
    }
}
