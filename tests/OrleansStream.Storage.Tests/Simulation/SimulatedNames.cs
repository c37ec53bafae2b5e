namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// The names of a simulated disk, as the system shows them and as a power loss would leave them. Changes wait, in order, until
/// their directory is flushed; a power loss makes a part of the waiting ones durable, in order or not.
/// </summary>
internal sealed class SimulatedNames
{
    private readonly List<(string Directory, Action<Names> Apply)> _waiting = [];
    private Names _now = new([], ["/", "/data"]);
    private Names _durable = new([], ["/", "/data"]);

    public IReadOnlyDictionary<string, SimulatedInode> Files => _now.Files;

    public IReadOnlySet<string> Directories => _now.Directories;

    public IEnumerable<KeyValuePair<string, SimulatedInode>> FilesIn(string directory) =>
        _now.Files.Where(file => Path.GetDirectoryName(file.Key) == directory);

    public void SetFile(string path, SimulatedInode? inode) => Change(path, names => names.Set(path, inode));

    public void AddDirectory(string path) => Change(path, names => names.Directories.Add(path));

    public void RemoveDirectory(string path) => Change(path, names => names.Directories.Remove(path));

    /// <summary>Renaming is one change: both names change or neither does.</summary>
    public void Rename(string source, string destination)
    {
        var inode = _now.Files[source];
        Change(destination, names =>
        {
            names.Set(source, null);
            names.Set(destination, inode);
        });
    }

    public void MoveDirectory(string source, string destination) => Change(destination, names =>
    {
        foreach (var (path, inode) in names.Files.Where(file => Path.GetDirectoryName(file.Key) == source).ToArray())
        {
            names.Set(path, null);
            names.Set(Path.Combine(destination, Path.GetFileName(path)), inode);
        }

        names.Directories.Remove(source);
        names.Directories.Add(destination);
    });

    public void Flush(string directory)
    {
        foreach (var (_, apply) in _waiting.Where(change => change.Directory == directory))
        {
            apply(_durable);
        }

        _waiting.RemoveAll(change => change.Directory == directory);
    }

    public void LosePower(Random random)
    {
        var isOrdered = random.Next(2) == 0;
        var kept = random.Next(_waiting.Count + 1);
        for (var i = 0; i < _waiting.Count; i++)
        {
            if (isOrdered ? i < kept : random.Next(2) == 0)
            {
                _waiting[i].Apply(_durable);
            }
        }

        _waiting.Clear();

        // What lies in a directory that is gone is gone too.
        bool IsReachable(string? path) => path is null || (_durable.Directories.Contains(path) && IsReachable(Path.GetDirectoryName(path)));
        _durable.Directories.RemoveWhere(path => !IsReachable(path));
        foreach (var path in _durable.Files.Keys.Where(path => !IsReachable(Path.GetDirectoryName(path))).ToArray())
        {
            _durable.Files.Remove(path);
        }

        _now = new Names(new(_durable.Files), [.. _durable.Directories]);
    }

    private void Change(string path, Action<Names> apply)
    {
        apply(_now);
        _waiting.Add((Path.GetDirectoryName(path) ?? "", apply));
    }

    private sealed record Names(Dictionary<string, SimulatedInode> Files, HashSet<string> Directories)
    {
        public void Set(string path, SimulatedInode? inode)
        {
            if (inode is null)
            {
                Files.Remove(path);
            }
            else
            {
                Files[path] = inode;
            }
        }
    }
}
