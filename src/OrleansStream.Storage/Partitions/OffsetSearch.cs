namespace OrleansStream.Storage.Partitions;

/// <summary>Finds the piece of a log that an offset lies in.</summary>
internal static class OffsetSearch
{
    /// <summary>The last piece that begins at or before an offset; the first one when all begin behind it.</summary>
    /// <param name="pieces">At least one, in the order of their offsets.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="baseOffset">Where a piece begins.</param>
    public static int FindLast<T>(ReadOnlySpan<T> pieces, Offset offset, Func<T, Offset> baseOffset)
    {
        int low = 0, high = pieces.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (baseOffset(pieces[middle]) <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }
}
