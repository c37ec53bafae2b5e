namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// A file's content twice: as the system shows it, and as it would be after a power loss. Sectors that were written and not
/// flushed are dirty; a flush copies them over, a power loss copies some of them.
/// </summary>
internal sealed class SimulatedInode(int sectorBytes)
{
    private readonly SortedSet<int> _dirty = [];
    private byte[] _content = [];
    private byte[] _durable = [];
    private int _durableLength;

    public int Length { get; private set; }

    public Span<byte> Content => _content.AsSpan(0, Length);

    public void Write(ReadOnlySpan<byte> bytes, int position)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        // A gap that the write leaves behind the old end reads as zeros, and is new to the disk as well.
        MarkDirty(Math.Min(Length, position), position + bytes.Length);
        Grow(ref _content, position + bytes.Length);
        bytes.CopyTo(_content.AsSpan(position));
        Length = Math.Max(Length, position + bytes.Length);
    }

    public void SetLength(int length)
    {
        if (length < Length)
        {
            _content.AsSpan(length, Length - length).Clear();
        }
        else
        {
            MarkDirty(Length, length);
            Grow(ref _content, length);
        }

        Length = length;
    }

    public void Flush()
    {
        foreach (var sector in _dirty)
        {
            Persist(sector);
        }

        _dirty.Clear();
        SetDurableLength(Length);
    }

    /// <summary>What a failed flush does on a common system: the pages count as clean from then on, and never reach the disk.</summary>
    public void LoseDirty() => _dirty.Clear();

    public void LosePower(Random random)
    {
        // From "nothing of it arrived" to "everything did", and mostly something in between.
        var chance = random.Next(5) / 4.0;
        foreach (var sector in _dirty)
        {
            if (random.NextDouble() < chance)
            {
                Persist(sector);
            }
        }

        _dirty.Clear();
        SetDurableLength(random.Next(3) switch
        {
            0 => _durableLength,
            1 => Length,
            _ => random.Next(Math.Min(_durableLength, Length), Math.Max(_durableLength, Length) + 1),
        });
        Length = _durableLength;
        _content = _durable.AsSpan(0, Length).ToArray();
    }

    private void Persist(int sector)
    {
        var start = sector * sectorBytes;
        var end = Math.Min(start + sectorBytes, Length);
        if (start < end)
        {
            Grow(ref _durable, end);
            _content.AsSpan(start, end - start).CopyTo(_durable.AsSpan(start));
        }
    }

    private void SetDurableLength(int length)
    {
        Grow(ref _durable, length);
        _durable.AsSpan(length).Clear();
        _durableLength = length;
    }

    private void MarkDirty(int from, int to)
    {
        for (var sector = from / sectorBytes; sector * sectorBytes < to; sector++)
        {
            _dirty.Add(sector);
        }
    }

    private static void Grow(ref byte[] array, int length)
    {
        if (array.Length < length)
        {
            Array.Resize(ref array, Math.Max(length, Math.Min(2 * array.Length, array.Length + 4096)));
        }
    }
}
