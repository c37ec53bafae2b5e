namespace OrleansStream.Storage.Segments;

/// <summary>
/// Where the last reads of a log ended. A reader goes on where it stopped, so most reads find their place here without looking
/// at the index. Safe for concurrent use: a slot is one reference, and a lost update costs a look at the index.
/// </summary>
internal sealed class ReadHints
{
    private const int SlotBits = 4;

    private readonly Hint?[] _slots = new Hint?[1 << SlotBits];

    /// <summary>The position of the batch that begins at an offset.</summary>
    /// <returns>Null when it is not remembered.</returns>
    public int? Find(Offset offset, Offset segment)
    {
        var hint = Volatile.Read(ref _slots[SlotOf(offset)]);
        return hint is not null && hint.Offset == offset && hint.Segment == segment ? hint.Position : null;
    }

    /// <summary>Remembers that the batch with this offset begins, or will begin, at a position.</summary>
    public void Add(Offset offset, Offset segment, int position) =>
        Volatile.Write(ref _slots[SlotOf(offset)], new Hint(offset, segment, position));

    private static int SlotOf(Offset offset) => (int)((ulong)offset.Value * 0x9E3779B97F4A7C15 >> (64 - SlotBits));

    private sealed record Hint(Offset Offset, Offset Segment, int Position);
}
