using System.Globalization;

namespace OrleansStream.Storage.Files;

/// <summary>
/// The folder that holds everything a silo keeps on local disk. Opening it takes the operating system's lock on a file in
/// it, which lasts until disposal or the end of the process, however it ends; so two processes never write one folder.
/// </summary>
public sealed class DataFolder : IDisposable
{
    /// <summary>The layout of folder and files that this code reads and writes.</summary>
    public const int FormatVersion = 1;

    private const string LockName = "lock";
    private const string OwnerName = "lock.owner";
    private const string FormatName = "format";
    private const string LogsName = "logs";
    private const string CatalogName = "catalog.db";

    private readonly FileStream _lock;

    private DataFolder(string root, FileStream @lock)
    {
        Root = root;
        _lock = @lock;
    }

    /// <summary>The folder's full path.</summary>
    public string Root { get; }

    /// <summary>The folder under which the partitions' logs lie; it exists.</summary>
    public string LogsRoot => Path.Combine(Root, LogsName);

    /// <summary>The database of topics, groups and offsets.</summary>
    public string CatalogPath => Path.Combine(Root, CatalogName);

    /// <summary>Opens a folder, creating it when it is missing.</summary>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.DataFolderInUse"/>, naming the process that uses it; <see cref="ErrorCode.DataFolderTooNew"/>;
    /// <see cref="ErrorCode.DiskFull"/>; <see cref="ErrorCode.StorageError"/> when it cannot be written or is no data folder.
    /// </exception>
    public static DataFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var root = Path.GetFullPath(path);
        FileStream? taken = null;
        try
        {
            RefuseForeign(root);
            Directory.CreateDirectory(root);
            taken = TakeLock(root);
            File.WriteAllText(Path.Combine(root, OwnerName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            CheckFormat(root);
            Directory.CreateDirectory(Path.Combine(root, LogsName));
            return new DataFolder(root, taken);
        }
        catch (Exception e)
        {
            taken?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw FolderErrors.CannotBeUsed(root, e);
            }

            throw;
        }
    }

    /// <summary>Releases the folder for the next process.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>A mistyped path must not scatter files over somebody's home; only an empty folder becomes a data folder.</summary>
    private static void RefuseForeign(string root)
    {
        if (File.Exists(root))
        {
            throw new OrleansStreamException(ErrorCode.StorageError, $"'{root}' is a file, not a folder; name another data folder.");
        }

        if (!Directory.Exists(root) || File.Exists(Path.Combine(root, FormatName)))
        {
            return;
        }

        var foreign = Directory.EnumerateFileSystemEntries(root).Select(entry => Path.GetFileName(entry)).FirstOrDefault(IsForeign);
        if (foreign is not null)
        {
            throw new OrleansStreamException(
                ErrorCode.StorageError,
                $"'{root}' is no data folder of OrleansStream and is not empty (it holds '{foreign}'); name a new or an empty folder.");
        }
    }

    /// <summary>False for what a crash during the first opening may leave, for hidden files, and for what a mounted volume holds by itself.</summary>
    private static bool IsForeign(string name) => !name.StartsWith('.')
        && !name.StartsWith(CatalogName, StringComparison.Ordinal)
        && name is not (LockName or OwnerName or FormatName + ".new" or LogsName or "lost+found");

    private static FileStream TakeLock(string root)
    {
        FileStream taken;
        try
        {
            taken = OpenLock(root);
        }
        catch (IOException e) when (FolderErrors.IsSharingViolation(e))
        {
            throw FolderErrors.InUse(root, ReadOwner(root));
        }

        // Some file systems accept a lock and do not keep it. A second opening tells: it must be refused.
        try
        {
            OpenLock(root).Dispose();
        }
        catch (IOException e) when (FolderErrors.IsSharingViolation(e))
        {
            return taken;
        }

        taken.Dispose();
        throw new OrleansStreamException(
            ErrorCode.StorageError,
            $"The file system of '{root}' does not keep file locks, so a second process could damage the data; name a data folder on another file system.");
    }

    private static FileStream OpenLock(string root) =>
        new(Path.Combine(root, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);

    /// <summary>The id of the process that holds the lock, in a file of its own because a locked file cannot be read everywhere.</summary>
    private static string? ReadOwner(string root)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(root, OwnerName));
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Checks the version, or writes it, before anything else is written. The rename may be lost in a power failure as long as
    /// nothing else in the folder is durable; then the folder counts as new again.
    /// </summary>
    private static void CheckFormat(string root)
    {
        var path = Path.Combine(root, FormatName);
        if (!File.Exists(path))
        {
            var draft = path + ".new";
            using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FormatVersion}\n")));
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, path);
            return;
        }

        var text = File.ReadAllText(path).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version < 1)
        {
            throw new OrleansStreamException(
                ErrorCode.StorageError, $"'{path}' holds no format version; restore the data folder from a backup or name another one.");
        }

        if (version > FormatVersion)
        {
            throw new OrleansStreamException(
                ErrorCode.DataFolderTooNew,
                $"'{root}' has format version {version}, and this program knows versions up to {FormatVersion}: use a release of OrleansStream that knows format version {version}.");
        }
    }
}
