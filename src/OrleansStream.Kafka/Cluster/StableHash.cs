using System.Text;

namespace OrleansStream.Kafka.Cluster;

/// <summary>FNV-1a over the UTF-8 of a text: the same in every process and version, which is all that is asked of it.</summary>
internal static class StableHash
{
    /// <param name="text">The text.</param>
    /// <param name="salt">Makes hashes of another kind of the same texts.</param>
    public static ulong Of(string text, ulong salt = 0)
    {
        var hash = 14695981039346656037UL ^ salt;
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            hash = unchecked((hash ^ value) * 1099511628211UL);
        }

        return hash;
    }
}
