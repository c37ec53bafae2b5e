using System.Buffers;
using OrleansStream.Records;
using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// Walks over the batches of a segment, with or without reading their records. It stops at the end or before the first batch
/// that cannot be right, and then says why. Not thread-safe.
/// </summary>
internal sealed class BatchScanner : IDisposable
{
    private const int IntegrityReadBytes = 256 * 1024;
    private const int HeaderReadBytes = 32 * 1024;
    private const int SparseReadBytes = 4 * 1024;

    private readonly IFile _file;
    private readonly long _end;
    private readonly bool _checkIntegrity;
    private byte[] _buffer;
    private long _bufferAt;
    private int _buffered;
    private int _size;

    /// <summary>Begins before the batch at a position.</summary>
    /// <param name="file">The segment's file.</param>
    /// <param name="position">Where a batch begins.</param>
    /// <param name="end">Where to stop.</param>
    /// <param name="expected">The offset of the batch at <paramref name="position"/>.</param>
    /// <param name="checkIntegrity">True to read everything and verify the checksums.</param>
    public BatchScanner(IFile file, long position, long end, Offset expected, bool checkIntegrity)
    {
        _file = file;
        _end = end;
        _checkIntegrity = checkIntegrity;
        NextPosition = position;
        NextOffset = expected;
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(end - position, RecordBatchFormat.HeaderBytes, checkIntegrity ? IntegrityReadBytes : HeaderReadBytes));
    }

    /// <summary>Where the current batch begins.</summary>
    public long Position { get; private set; }

    /// <summary>Where the next batch begins, or the scan stopped.</summary>
    public long NextPosition { get; private set; }

    /// <summary>The offset that the next batch must have.</summary>
    public Offset NextOffset { get; private set; }

    /// <summary>The size of the current batch.</summary>
    public int SizeInBytes => _size;

    /// <summary>The header of the current batch, until the next move.</summary>
    public RecordBatchHeader Header => new(_buffer.AsSpan((int)(Position - _bufferAt), RecordBatchFormat.HeaderBytes));

    /// <summary>Why the scan stopped before the end; null when it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>Goes on to the next batch.</summary>
    /// <returns>False at the end, or when there is a <see cref="Problem"/>.</returns>
    public bool MoveNext()
    {
        var position = NextPosition;
        if (Problem is not null || position >= _end)
        {
            return false;
        }

        if (!TryBuffer(position, RecordBatchFormat.HeaderBytes))
        {
            Problem = $"only {_end - position} bytes are left of a batch's header";
            return false;
        }

        var header = new RecordBatchHeader(Buffered(position, RecordBatchFormat.HeaderBytes));
        Problem = FindProblem(header, position);

        // Remembered, because the header is a view of the buffer, which reading the rest of the batch may move or replace.
        var (size, lastOffset) = (header.SizeInBytes, header.LastOffset);
        if (Problem is null && _checkIntegrity)
        {
            Problem = !TryBuffer(position, (int)size)
                ? "the file ends within the batch"
                : RecordBatchValidation.CheckIntegrity(Buffered(position, (int)size), out var damage) == ErrorCode.None ? null : damage;
        }

        if (Problem is not null)
        {
            return false;
        }

        Position = position;
        _size = (int)size;
        NextPosition = position + _size;
        NextOffset = new Offset(lastOffset + 1);
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private string? FindProblem(RecordBatchHeader header, long position) => header switch
    {
        { Magic: not RecordBatchFormat.Magic } => $"no batch begins here (magic {header.Magic})",
        { SizeInBytes: < RecordBatchFormat.HeaderBytes } => $"the batch claims {header.SizeInBytes} bytes, fewer than its header has",
        { SizeInBytes: var size } when size > _end - position => $"the batch claims {size} bytes, and {_end - position} are left",
        { BaseOffset: var offset } when offset != NextOffset.Value => $"the batch has offset {offset}, and {NextOffset} comes next",
        { LastOffsetDelta: < 0 } => $"the batch's last offset delta is {header.LastOffsetDelta}",
        _ => null,
    };

    private ReadOnlySpan<byte> Buffered(long position, int count) => _buffer.AsSpan((int)(position - _bufferAt), count);

    private bool TryBuffer(long position, int count)
    {
        if (position >= _bufferAt && position + count <= _bufferAt + _buffered)
        {
            return true;
        }

        if (count > _buffer.Length)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(count);
        }

        // Between large batches of which only the headers count, a small read wastes less.
        var wanted = !_checkIntegrity && _size > HeaderReadBytes ? Math.Min(SparseReadBytes, _buffer.Length) : _buffer.Length;
        _bufferAt = position;
        _buffered = _file.ReadFully(_buffer.AsSpan(0, (int)Math.Min(Math.Max(wanted, count), _end - position)), position);
        return _buffered >= count;
    }
}
