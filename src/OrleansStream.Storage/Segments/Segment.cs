using System.Diagnostics.CodeAnalysis;
using OrleansStream.Records;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// A stretch of the log in a file of its own, with its index. The active segment is written by the log's turns; any segment is
/// read by anybody who holds a lease. The file is opened by the first lease and closed by <see cref="OpenSegments"/> when others
/// need the room, or when the segment goes.
/// </summary>
internal sealed class Segment
{
    private readonly IFileSystem _files;
    private readonly OpenSegments _open;
    private readonly LogFolder _folder;
    private readonly Lock _gate = new();
    private IFile? _file;
    private SegmentIndex? _index;
    private int _leases;
    private bool _isGone;
    private volatile int _sizeInBytes;
    private long _maxTimestampMs;
    private long _firstAppendMs;

    public Segment(IFileSystem files, OpenSegments open, LogFolder folder, SegmentInfo info)
    {
        _files = files;
        _open = open;
        _folder = folder;
        BaseOffset = info.BaseOffset;
        _sizeInBytes = info.SizeInBytes;
        _maxTimestampMs = info.MaxTimestampMs;
        _firstAppendMs = info.FirstAppendMs;
    }

    public Offset BaseOffset { get; }

    public string LogFile => _folder.LogFile(BaseOffset);

    public string IndexFile => _folder.IndexFile(BaseOffset);

    /// <summary>The bytes written; whoever reads does not look behind them.</summary>
    public int SizeInBytes => _sizeInBytes;

    public long MaxTimestampMs => Volatile.Read(ref _maxTimestampMs);

    public SegmentInfo Info => new(BaseOffset, _sizeInBytes, MaxTimestampMs, Volatile.Read(ref _firstAppendMs));

    /// <summary>When it was used last, in the store's own counting.</summary>
    public long LastUse { get; private set; }

    /// <summary>Takes a lease: the file stays open until it is given back.</summary>
    /// <returns>False when the segment was deleted or its log closed.</returns>
    public bool TryAcquire([NotNullWhen(true)] out IFile? file)
    {
        bool wasClosed;
        lock (_gate)
        {
            if (_isGone)
            {
                file = null;
                return false;
            }

            wasClosed = _file is null;
            file = _file ??= _files.Open(LogFile);
            _leases++;
            LastUse = _open.NextUse();
        }

        if (wasClosed)
        {
            _open.Add(this);
        }

        return true;
    }

    /// <summary>Takes the lease of the log itself on its active segment. Such segments do not count against the limit of open ones.</summary>
    public IFile Pin()
    {
        lock (_gate)
        {
            _leases++;
            return _file ??= _files.Open(LogFile);
        }
    }

    /// <summary>The segment is sealed: from now on its file is open only as long as it is worth it.</summary>
    public void Unpin()
    {
        _open.Add(this);
        Release();
    }

    /// <summary>Gives a lease back.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _leases--;
            if (_isGone)
            {
                CloseIfUnused();
            }
        }
    }

    /// <summary>Closes the file, to be opened again by the next lease.</summary>
    /// <returns>False when somebody holds a lease.</returns>
    public bool TryClose()
    {
        lock (_gate)
        {
            return CloseIfUnused();
        }
    }

    /// <summary>Nobody gets a lease any more; the file is closed with the last one.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _isGone = true;
            CloseIfUnused();
        }

        _open.Remove(this);
    }

    /// <summary>The index: kept while the file is open, read or rebuilt when it is needed. Call it under a lease.</summary>
    /// <param name="file">The leased file.</param>
    /// <param name="rebuilt">Told when the file was missing or bad.</param>
    public SegmentIndex GetIndex(IFile file, Action<Segment> rebuilt)
    {
        lock (_gate)
        {
            if (_index is not null)
            {
                return _index;
            }

            _index = _files.TryReadAll(IndexFile) is { } bytes && SegmentIndex.TryParse(bytes) is { } read && read.CoveredBytes == _sizeInBytes
                ? read
                : null;
            if (_index is null)
            {
                rebuilt(this);
                _index = new SegmentIndex();
                ExtendIndex(_index, file, _sizeInBytes);
                TryWriteIndex(_index);
            }

            return _index;
        }
    }

    /// <summary>Gives the segment an index that recovery built.</summary>
    public void SetIndex(SegmentIndex index) => _index = index;

    /// <summary>Adds to an index what lies between its end and a position, by headers only.</summary>
    public void ExtendIndex(SegmentIndex index, IFile file, int end)
    {
        var start = index.CoveredBytes == 0 ? BaseOffset : FindOffsetAt(file, index.CoveredBytes);
        using var scanner = new BatchScanner(file, index.CoveredBytes, end, start, checkIntegrity: false);
        while (scanner.MoveNext())
        {
            var header = scanner.Header;
            index.Add((int)(header.BaseOffset - BaseOffset.Value), (int)scanner.Position, scanner.SizeInBytes, header.MaxTimestamp);
        }

        if (scanner.Problem is not null)
        {
            throw Corrupt(scanner.NextPosition, scanner.Problem);
        }
    }

    /// <summary>Takes note of a batch that was written at the end.</summary>
    public void Append(GroupBatch batch, long nowMs)
    {
        _index!.Add((int)(batch.BaseOffset - BaseOffset), _sizeInBytes, batch.SizeInBytes, batch.MaxTimestampMs);
        Volatile.Write(ref _maxTimestampMs, Math.Max(_maxTimestampMs, batch.MaxTimestampMs));
        if (_firstAppendMs < 0)
        {
            Volatile.Write(ref _firstAppendMs, nowMs);
        }

        _sizeInBytes += batch.SizeInBytes;
    }

    /// <summary>Stores the index. It is not flushed: a bad or missing one is rebuilt.</summary>
    public void TryWriteIndex() => TryWriteIndex(_index!);

    /// <summary>What to throw when the file holds something else than it should.</summary>
    public OrleansStreamException Corrupt(long position, string problem) => new(
        ErrorCode.CorruptLog,
        $"The log file {LogFile} is damaged at byte {position}: {problem}. Restore the file from a backup, or delete the partition's records.");

    private void TryWriteIndex(SegmentIndex index)
    {
        try
        {
            using var file = _files.OpenOrCreate(IndexFile);
            file.Write(index.ToBytes(), 0);
        }
        catch (Exception exception) when (DiskErrors.IsDiskTrouble(exception))
        {
            // The index is a hint. Whoever needs it builds it again.
        }
    }

    private static Offset FindOffsetAt(IFile file, int position)
    {
        Span<byte> header = stackalloc byte[RecordBatchFormat.HeaderBytes];
        return file.ReadFully(header, position) == header.Length ? new Offset(new RecordBatchHeader(header).BaseOffset) : Offset.None;
    }

    private bool CloseIfUnused()
    {
        if (_leases > 0)
        {
            return false;
        }

        _file?.Dispose();
        _file = null;
        _index = null;
        return true;
    }
}
