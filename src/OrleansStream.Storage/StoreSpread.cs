namespace OrleansStream.Storage;

/// <summary>
/// How the catalog notes where a range of partitions has its logs: the names of stores, separated by commas, which the range's
/// partitions take in turns.
/// </summary>
public static class StoreSpread
{
    private const char Separator = ',';

    /// <summary>Notes a range.</summary>
    /// <param name="stores">The names, none of which contains a comma; at least one.</param>
    /// <param name="first">Which of them the range's first partition takes; any number.</param>
    public static string Over(IReadOnlyList<string> stores, int first)
    {
        ArgumentOutOfRangeException.ThrowIfZero(stores.Count);
        var start = (int)((uint)first % stores.Count);
        return string.Join(Separator, stores.Skip(start).Concat(stores.Take(start)));
    }

    /// <summary>The store of one partition.</summary>
    /// <param name="spread">What was noted.</param>
    /// <param name="index">The partition's place in its range, from 0.</param>
    public static string Pick(string spread, int index)
    {
        if (!spread.Contains(Separator, StringComparison.Ordinal))
        {
            return spread;
        }

        var stores = spread.Split(Separator);
        return stores[index % stores.Length];
    }
}
