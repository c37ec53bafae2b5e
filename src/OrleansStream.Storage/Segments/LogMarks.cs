using System.Buffers.Binary;
using OrleansStream.Records;
using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// The file <c>marks</c>: three small facts that are overwritten in place, which costs one flush, or none, and works on a full
/// disk. Belongs to the log's turns.
/// </summary>
/// <remarks>
/// Each slot lies in a sector of its own, and a slot with a bad checksum counts as empty.
/// <code>
/// offset  slot            values                          written
///    0    leader epoch    epoch, 0                        at every opening, then flushed
///  512    leader epoch    likewise, in turn               two slots, so that a torn write leaves the other; both facts
/// 1024    log start       offset, 0                       only grow, so the larger valid one is true
/// 1536    log start       likewise, in turn
/// 2048    flushed         segment's base offset, position after each flush of the log, never flushed itself: whatever
///                                                         version is found, that much was durable
///
/// in a slot: 0 magic "OSMK", 4 value, 12 value, 20 CRC-32C of what precedes (seeded by the slot's offset); big-endian
/// </code>
/// </remarks>
internal sealed class LogMarks : IDisposable
{
    internal const int FileBytes = FlushedAt + SlotStride;

    private const int SlotStride = 512;
    private const int LeaderEpochAt = 0;
    private const int LogStartAt = LeaderEpochAt + (2 * SlotStride);
    private const int FlushedAt = LogStartAt + (2 * SlotStride);
    private const uint Magic = 0x4F534D4B;
    private const int CrcAt = sizeof(uint) + (2 * sizeof(long));
    private const int SlotBytes = CrcAt + sizeof(uint);

    private readonly IFile _file;
    private readonly byte[] _slot = new byte[SlotBytes];
    private int _nextEpochSlot;
    private int _nextLogStartSlot;

    private LogMarks(IFile file) => _file = file;

    /// <summary>The latest epoch that an opening took; <see cref="LeaderEpoch.None"/> when none is readable.</summary>
    public LeaderEpoch LeaderEpoch { get; private set; } = LeaderEpoch.None;

    /// <summary>The log start; zero when it never moved.</summary>
    public Offset LogStart { get; private set; } = Offset.Zero;

    /// <summary>Up to where the log is known to be durable; null when the slot is empty or torn.</summary>
    public FlushedPosition? Flushed { get; private set; }

    /// <summary>Opens the marks, creating them at first use, durably.</summary>
    public static LogMarks Open(IFileSystem files, LogFolder folder)
    {
        var isNew = !files.FileExists(folder.Marks);
        var marks = new LogMarks(files.OpenOrCreate(folder.Marks));
        try
        {
            if (isNew || marks._file.Length < FileBytes)
            {
                // The whole size now, so that no later mark needs room.
                Span<byte> rest = new byte[FileBytes - (int)Math.Min(marks._file.Length, FileBytes)];
                marks._file.Write(rest, FileBytes - rest.Length);
                marks._file.Flush();
                files.FlushDirectory(folder.Path);
            }

            marks.Load();
            return marks;
        }
        catch
        {
            marks.Dispose();
            throw;
        }
    }

    /// <summary>Reads the marks of a log that is not open; null when it has none.</summary>
    public static LogMarks? TryRead(IFileSystem files, LogFolder folder)
    {
        if (!files.FileExists(folder.Marks))
        {
            return null;
        }

        using var marks = new LogMarks(files.Open(folder.Marks));
        marks.Load();
        return marks;
    }

    /// <summary>Claims an epoch, durable on return.</summary>
    public void SetLeaderEpoch(LeaderEpoch epoch)
    {
        Write(LeaderEpochAt + (_nextEpochSlot * SlotStride), epoch.Value, 0);
        _file.Flush();
        _nextEpochSlot ^= 1;
        LeaderEpoch = epoch;
    }

    /// <summary>Moves the log start, durable on return.</summary>
    public void SetLogStart(Offset logStart)
    {
        Write(LogStartAt + (_nextLogStartSlot * SlotStride), logStart.Value, 0);
        _file.Flush();
        _nextLogStartSlot ^= 1;
        LogStart = logStart;
    }

    /// <summary>Notes that a flush of the log succeeded.</summary>
    public void NoteFlushed(FlushedPosition flushed)
    {
        Write(FlushedAt, flushed.BaseOffset.Value, flushed.Position);
        Flushed = flushed;
    }

    public void Dispose() => _file.Dispose();

    private void Load()
    {
        // The slot to write next is the one that holds the smaller value, or nothing: the other one stays valid.
        (LeaderEpoch, _nextEpochSlot) = ReadPair(LeaderEpochAt) is var (epoch, epochSlot) && epoch >= 0
            ? (new LeaderEpoch((int)epoch), epochSlot)
            : (LeaderEpoch.None, 0);
        (LogStart, _nextLogStartSlot) = ReadPair(LogStartAt) is var (start, startSlot) && start >= 0 ? (new Offset(start), startSlot) : (Offset.Zero, 0);
        Flushed = TryReadSlot(FlushedAt, out var segment, out var position)
            ? new FlushedPosition(new Offset(segment), (int)position)
            : null;
    }

    private (long Value, int NextSlot) ReadPair(int at)
    {
        var first = TryReadSlot(at, out var value, out _) ? value : -1;
        var second = TryReadSlot(at + SlotStride, out value, out _) ? value : -1;
        return first > second ? (first, 1) : (second, 0);
    }

    private void Write(int at, long first, long second)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_slot, Magic);
        BinaryPrimitives.WriteInt64BigEndian(_slot.AsSpan(sizeof(uint)), first);
        BinaryPrimitives.WriteInt64BigEndian(_slot.AsSpan(sizeof(uint) + sizeof(long)), second);
        BinaryPrimitives.WriteUInt32BigEndian(_slot.AsSpan(CrcAt), Checksum(_slot, at));
        _file.Write(_slot, at);
    }

    private bool TryReadSlot(int at, out long first, out long second)
    {
        Span<byte> slot = stackalloc byte[SlotBytes];
        var isWhole = _file.ReadFully(slot, at) == SlotBytes;
        first = BinaryPrimitives.ReadInt64BigEndian(slot[sizeof(uint)..]);
        second = BinaryPrimitives.ReadInt64BigEndian(slot[(sizeof(uint) + sizeof(long))..]);
        return isWhole && BinaryPrimitives.ReadUInt32BigEndian(slot) == Magic
            && BinaryPrimitives.ReadUInt32BigEndian(slot[CrcAt..]) == Checksum(slot, at);
    }

    // Seeded by the place, so that a sector that a disk put elsewhere is not taken for another fact.
    private static uint Checksum(ReadOnlySpan<byte> slot, int at) => Crc32C.Append((uint)at, slot[..CrcAt]);
}

/// <summary>Everything in a segment before this position, and every earlier segment, was flushed.</summary>
internal readonly record struct FlushedPosition(Offset BaseOffset, int Position);
