namespace OrleansStream.Storage.Files;

/// <summary>
/// What the log needs of a disk, and nothing more, so that a simulated one can lose, tear and refuse writes (decision D11).
/// Safe for concurrent use. Trouble comes as <see cref="IOException"/>; <see cref="DiskErrors"/> tells a full disk from the rest.
/// </summary>
internal interface IFileSystem
{
    /// <summary>Opens a file for reading and writing.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    IFile Open(string path);

    /// <summary>Opens a file for reading and writing, empty if it is not there yet. The name is durable after <see cref="FlushDirectory"/>.</summary>
    IFile OpenOrCreate(string path);

    /// <summary>True when there is such a file.</summary>
    bool FileExists(string path);

    /// <summary>True when there is such a directory.</summary>
    bool DirectoryExists(string path);

    /// <summary>Names and sizes of the files in a directory, in no particular order; none when the directory is missing.</summary>
    IReadOnlyList<FileEntry> ListFiles(string directory);

    /// <summary>Names of the directories in a directory, in no particular order; none when the directory is missing.</summary>
    IReadOnlyList<string> ListDirectories(string directory);

    /// <summary>Creates a directory and those above it, durable on return. Succeeds when it is there.</summary>
    void CreateDirectory(string path);

    /// <summary>Renames a file over another one, atomically. Durable after <see cref="FlushDirectory"/>.</summary>
    void ReplaceFile(string source, string destination);

    /// <summary>Renames a directory; the new name must be free. Durable after <see cref="FlushDirectory"/> of the parent.</summary>
    void MoveDirectory(string source, string destination);

    /// <summary>Removes a file's name; whoever has it open can go on reading. Succeeds when it is not there.</summary>
    void DeleteFile(string path);

    /// <summary>Removes a directory and the files in it. Succeeds when it is not there.</summary>
    void DeleteDirectory(string path);

    /// <summary>Removes a directory unless something is in it, or it is not there.</summary>
    void DeleteDirectoryIfEmpty(string path);

    /// <summary>Makes the names in a directory durable: what was created, renamed and deleted in it.</summary>
    void FlushDirectory(string path);
}

/// <summary>A file in a listing.</summary>
/// <param name="Name">The name without its directory.</param>
/// <param name="SizeInBytes">Its size.</param>
internal readonly record struct FileEntry(string Name, long SizeInBytes);
