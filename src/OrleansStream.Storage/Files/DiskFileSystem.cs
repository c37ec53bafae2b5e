namespace OrleansStream.Storage.Files;

/// <summary>The machine's own disks.</summary>
internal sealed class DiskFileSystem : IFileSystem
{
    public static DiskFileSystem Instance { get; } = new();

    public IFile Open(string path) => OpenDiskFile(path, FileMode.Open);

    public IFile OpenOrCreate(string path) => OpenDiskFile(path, FileMode.OpenOrCreate);

    public bool FileExists(string path) => File.Exists(path);

    public bool DirectoryExists(string path) => Directory.Exists(path);

    public IReadOnlyList<FileEntry> ListFiles(string directory) => Directory.Exists(directory)
        ? [.. new DirectoryInfo(directory).EnumerateFiles().Select(file => new FileEntry(file.Name, file.Length))]
        : [];

    public IReadOnlyList<string> ListDirectories(string directory) => Directory.Exists(directory)
        ? [.. new DirectoryInfo(directory).EnumerateDirectories().Select(entry => entry.Name)]
        : [];

    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        // The name of a new directory lies in its parent, so that is what has to be flushed, from the top down.
        var parent = Path.GetDirectoryName(Path.GetFullPath(path));
        if (parent is not null)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            FlushDirectory(parent);
        }
    }

    public void ReplaceFile(string source, string destination) => File.Move(source, destination, overwrite: true);

    public void MoveDirectory(string source, string destination) => Directory.Move(source, destination);

    public void DeleteFile(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    public void DeleteDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    public void DeleteDirectoryIfEmpty(string path)
    {
        try
        {
            if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
            {
                Directory.Delete(path);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Whoever emptied it at the same time deleted it first.
        }
        catch (IOException) when (Directory.Exists(path))
        {
            // Something was put in since we looked, so it stays.
        }
    }

    public void FlushDirectory(string path)
    {
        // Windows keeps directory entries in its own journal and has no call for this.
        if (!OperatingSystem.IsWindows())
        {
            UnixFlush.Directory(path);
        }
    }

    // Sharing is left open: readers of other processes (backup, inspection) may look, and the data folder's lock keeps writers out.
    private static DiskFile OpenDiskFile(string path, FileMode mode) =>
        new(File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
}
