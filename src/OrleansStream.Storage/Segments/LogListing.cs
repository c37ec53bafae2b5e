using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Segments;

/// <summary>The log files that a folder holds.</summary>
internal sealed class LogListing
{
    private readonly SortedList<Offset, long> _sizes;

    private LogListing(SortedList<Offset, long> sizes) => _sizes = sizes;

    public int Count => _sizes.Count;

    /// <summary>The base offset of the last segment.</summary>
    public Offset Last => _sizes.Keys[^1];

    public IList<Offset> BaseOffsets => _sizes.Keys;

    /// <summary>The bytes of all segments.</summary>
    public long SizeInBytes => _sizes.Values.Sum();

    public static LogListing Read(IFileSystem files, LogFolder folder)
    {
        var sizes = new SortedList<Offset, long>();
        foreach (var file in files.ListFiles(folder.Path))
        {
            if (LogFolder.TryParseLogFile(file.Name, out var baseOffset))
            {
                sizes.Add(baseOffset, file.SizeInBytes);
            }
        }

        return new LogListing(sizes);
    }

    /// <summary>The size of a segment's file; null when it is not there.</summary>
    public long? SizeOf(Offset baseOffset) => _sizes.TryGetValue(baseOffset, out var size) ? size : null;

    /// <summary>The segments from a base offset on.</summary>
    public IEnumerable<(Offset BaseOffset, long Size)> From(Offset baseOffset) =>
        _sizes.Where(entry => entry.Key >= baseOffset).Select(entry => (entry.Key, entry.Value));

    /// <summary>The segment that holds an offset, judged by names alone; null when all begin behind it.</summary>
    public Offset? FindSegment(Offset offset)
    {
        for (var i = _sizes.Count - 1; i >= 0; i--)
        {
            if (_sizes.Keys[i] <= offset)
            {
                return _sizes.Keys[i];
            }
        }

        return null;
    }
}
