using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// A disk in memory that behaves as badly as disks may: whatever was not flushed is lost in any combination when the power
/// fails, names included. Faults are set by the test or drawn from its seed. Single-threaded.
/// </summary>
internal sealed class SimulatedDisk(Random random, int sectorBytes = 512) : IFileSystem
{
    private const int NoSpace = 28;
    private const int IoError = 5;

    private readonly SimulatedNames _names = new();

    /// <summary>Counts what changes something: a crash can be set at any of these steps.</summary>
    public int Steps { get; private set; }

    /// <summary>The step at which everything stops, in the middle of it; null for none.</summary>
    public int? CrashAtStep { get; set; }

    /// <summary>True from a crash until <see cref="Restart"/>.</summary>
    public bool IsDown { get; private set; }

    /// <summary>The most bytes of all files; null for no limit.</summary>
    public long? CapacityBytes { get; set; }

    /// <summary>How many of the next flushes fail.</summary>
    public int FailingFlushes { get; set; }

    /// <summary>How many of the next writes fail with an I/O error, after a part was written.</summary>
    public int FailingWrites { get; set; }

    /// <summary>True to let reads return less than they were asked for.</summary>
    public bool HasShortReads { get; set; }

    /// <summary>Bytes that were read from files.</summary>
    public long BytesRead { get; set; }

    /// <summary>Flushes of files that succeeded.</summary>
    public int Flushes { get; private set; }

    /// <summary>The bytes of all files.</summary>
    public long UsedBytes => _names.Files.Values.Sum(inode => (long)inode.Length);

    internal int Boot { get; private set; }

    /// <summary>Starts again after a crash, or in spite of none: open files are gone.</summary>
    /// <param name="losePower">True when the system went down too; false when only the process did, so that its writes survive.</param>
    public void Restart(bool losePower)
    {
        Boot++;
        IsDown = false;
        CrashAtStep = null;
        FailingFlushes = FailingWrites = 0;
        CapacityBytes = null;
        if (losePower)
        {
            _names.LosePower(random);
            foreach (var inode in _names.Files.Values.Distinct())
            {
                inode.LosePower(random);
            }
        }
    }

    /// <summary>A file's content, to look at or to damage.</summary>
    public Span<byte> ContentOf(string path) => _names.Files[path].Content;

    /// <summary>Cuts or extends a file behind everybody's back, durably.</summary>
    public void Resize(string path, int length)
    {
        _names.Files[path].SetLength(length);
        _names.Files[path].Flush();
    }

    /// <summary>The paths of all files.</summary>
    public IReadOnlyList<string> Paths => [.. _names.Files.Keys.Order(StringComparer.Ordinal)];

    public IFile Open(string path) => new SimulatedFile(this, Find(path) ?? throw new FileNotFoundException($"No file {path}."));

    public IFile OpenOrCreate(string path)
    {
        if (Find(path) is not { } inode)
        {
            if (!_names.Directories.Contains(Path.GetDirectoryName(path)!))
            {
                throw new DirectoryNotFoundException($"No directory for {path}.");
            }

            Step();
            inode = new SimulatedInode(sectorBytes);
            _names.SetFile(path, inode);
        }

        return new SimulatedFile(this, inode);
    }

    public bool FileExists(string path) => Find(path) is not null;

    public bool DirectoryExists(string path) => _names.Directories.Contains(path);

    public IReadOnlyList<FileEntry> ListFiles(string directory)
    {
        ThrowIfDown(Boot);
        return [.. _names.FilesIn(directory).Select(file => new FileEntry(Path.GetFileName(file.Key), file.Value.Length))];
    }

    public IReadOnlyList<string> ListDirectories(string directory)
    {
        ThrowIfDown(Boot);
        return [.. _names.Directories.Where(path => Path.GetDirectoryName(path) == directory).Select(path => Path.GetFileName(path)!)];
    }

    public void CreateDirectory(string path)
    {
        ThrowIfDown(Boot);
        if (!_names.Directories.Contains(path))
        {
            var parent = Path.GetDirectoryName(path);
            if (parent is not null)
            {
                CreateDirectory(parent);
            }

            Step();
            _names.AddDirectory(path);
            if (parent is not null)
            {
                FlushDirectory(parent);
            }
        }
    }

    public void ReplaceFile(string source, string destination)
    {
        Step();
        _names.Rename(source, destination);
    }

    public void MoveDirectory(string source, string destination)
    {
        Step();
        _names.MoveDirectory(source, destination);
    }

    public void DeleteFile(string path)
    {
        if (FileExists(path))
        {
            Step();
            _names.SetFile(path, null);
        }
    }

    public void DeleteDirectory(string path)
    {
        foreach (var (file, _) in _names.FilesIn(path).ToArray())
        {
            DeleteFile(file);
        }

        DeleteDirectoryIfEmpty(path);
    }

    public void DeleteDirectoryIfEmpty(string path)
    {
        if (_names.Directories.Contains(path) && !_names.FilesIn(path).Any() && ListDirectories(path).Count == 0)
        {
            Step();
            _names.RemoveDirectory(path);
        }
    }

    public void FlushDirectory(string path)
    {
        Step();
        _names.Flush(path);
    }

    internal void ThrowIfDown(int boot)
    {
        if (IsDown || boot != Boot)
        {
            throw new IOException("The simulated machine is down.", IoError);
        }
    }

    /// <summary>Begins a change. Where a crash is due, the change is not made.</summary>
    internal void Step()
    {
        if (IsCrashDue())
        {
            throw new IOException("The simulated machine goes down.", IoError);
        }
    }

    internal void Write(SimulatedInode inode, ReadOnlySpan<byte> bytes, int position)
    {
        if (IsCrashDue())
        {
            inode.Write(bytes[..random.Next(bytes.Length + 1)], position);
            throw new IOException("The simulated machine goes down during a write.", IoError);
        }

        if (FailingWrites > 0)
        {
            FailingWrites--;
            inode.Write(bytes[..random.Next(bytes.Length + 1)], position);
            throw new IOException("Simulated failure of a write.", IoError);
        }

        var room = CapacityBytes is { } capacity ? Math.Max(0, capacity - UsedBytes) + Math.Max(0, inode.Length - position) : long.MaxValue;
        if (bytes.Length > room)
        {
            inode.Write(bytes[..(int)room], position);
            throw new IOException("No space left on the simulated disk.", NoSpace);
        }

        inode.Write(bytes, position);
    }

    internal void Flush(SimulatedInode inode)
    {
        Step();
        if (FailingFlushes > 0)
        {
            FailingFlushes--;
            inode.LoseDirty();
            throw new IOException("Simulated failure of a flush.", IoError);
        }

        inode.Flush();
        Flushes++;
    }

    internal int CountOfRead(int available)
    {
        var count = HasShortReads && available > 1 ? random.Next(1, available + 1) : available;
        BytesRead += count;
        return count;
    }

    private bool IsCrashDue()
    {
        ThrowIfDown(Boot);
        IsDown = ++Steps >= CrashAtStep;
        return IsDown;
    }

    private SimulatedInode? Find(string path)
    {
        ThrowIfDown(Boot);
        return _names.Files.GetValueOrDefault(path);
    }
}
