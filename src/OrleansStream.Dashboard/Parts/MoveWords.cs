using OrleansStream.Placement;

namespace OrleansStream.Dashboard.Parts;

/// <summary>Reasons in words, and a letter for the time line, which must not rely on colour.</summary>
internal static class MoveWords
{
    public static string Because(MoveReason reason) => reason switch
    {
        MoveReason.Joined => "a silo joined",
        MoveReason.Left => "a silo left",
        MoveReason.Failed => "a silo died",
        MoveReason.Drained => "a silo was drained",
        MoveReason.Undrained => "a silo was undrained",
        MoveReason.Pinned => "somebody pinned",
        MoveReason.Unpinned => "somebody unpinned",
        MoveReason.Resized => "the topic grew",
        _ => reason.ToString(),
    };

    public static string Letter(MoveReason reason) => reason switch
    {
        MoveReason.Joined => "J",
        MoveReason.Left => "L",
        MoveReason.Failed => "F",
        MoveReason.Drained => "D",
        MoveReason.Undrained => "U",
        MoveReason.Pinned => "P",
        MoveReason.Unpinned => "N",
        _ => "R",
    };
}
