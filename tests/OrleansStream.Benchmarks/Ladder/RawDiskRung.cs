using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>The floor: one file per partition, a write and an fdatasync per batch, nothing else.</summary>
internal sealed partial class RawDiskRung : IRung
{
    private SafeFileHandle[] _files = [];
    private long[] _positions = [];
    private byte[] _batch = [];
    private Load _load = null!;

    public string Name => "raw write + fdatasync";

    public Task StartAsync(Load load, string folder)
    {
        _load = load;
        _batch = new byte[load.BatchBytes];
        new Random(1).NextBytes(_batch);
        _positions = new long[load.Partitions];
        _files = [.. Enumerable.Range(0, load.Partitions).Select(i =>
            File.OpenHandle(Path.Combine(folder, $"{i}.raw"), FileMode.CreateNew, FileAccess.Write))];
        return Task.CompletedTask;
    }

    public Task<Measurement> RunAsync() =>
        ClosedLoop.RunAsync(_load, _load.BatchBytes / _load.RecordBytes, _load.BatchBytes, partition =>
        {
            RandomAccess.Write(_files[partition], _batch, _positions[partition]);
            _positions[partition] += _batch.Length;
            if (OperatingSystem.IsLinux())
            {
                if (FDataSync(_files[partition]) != 0)
                {
                    throw new IOException($"fdatasync failed with error {Marshal.GetLastPInvokeError()}.");
                }
            }
            else
            {
                RandomAccess.FlushToDisk(_files[partition]);
            }

            return Task.CompletedTask;
        });

    public ValueTask DisposeAsync()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);
}
