using Microsoft.Win32.SafeHandles;

namespace OrleansStream.Storage.Files;

/// <summary>A file of the machine. Its handle counts the calls that use it, so a dispose during a read closes after the read.</summary>
internal sealed class DiskFile(SafeFileHandle handle) : IFile
{
    public long Length => RandomAccess.GetLength(handle);

    public int Read(Span<byte> buffer, long position) => RandomAccess.Read(handle, buffer, position);

    public void Write(ReadOnlySpan<byte> bytes, long position) => RandomAccess.Write(handle, bytes, position);

    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position) => RandomAccess.Write(handle, buffers, position);

    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    public void Flush()
    {
        // fdatasync leaves out times that nobody reads back; the size is metadata that it does write.
        if (OperatingSystem.IsLinux())
        {
            UnixFlush.Data(handle);
        }
        else
        {
            RandomAccess.FlushToDisk(handle);
        }
    }

    public void Dispose() => handle.Dispose();
}
