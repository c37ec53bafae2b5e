using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>An open file of a simulated disk; useless after the machine went down.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, SimulatedInode inode) : IFile
{
    private readonly int _boot = disk.Boot;
    private bool _isDisposed;

    public long Length
    {
        get
        {
            Check();
            return inode.Length;
        }
    }

    public int Read(Span<byte> buffer, long position)
    {
        Check();
        var available = (int)Math.Clamp(inode.Length - position, 0, buffer.Length);
        var count = disk.CountOfRead(available);
        inode.Content.Slice((int)Math.Min(position, inode.Length), count).CopyTo(buffer);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        Check();
        disk.Write(inode, bytes, (int)position);
    }

    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position)
    {
        Check();
        var bytes = new byte[buffers.Sum(buffer => buffer.Length)];
        var at = 0;
        foreach (var buffer in buffers)
        {
            buffer.Span.CopyTo(bytes.AsSpan(at));
            at += buffer.Length;
        }

        disk.Write(inode, bytes, (int)position);
    }

    public void SetLength(long length)
    {
        Check();
        disk.Step();
        inode.SetLength((int)length);
    }

    public void Flush()
    {
        Check();
        disk.Flush(inode);
    }

    public void Dispose() => _isDisposed = true;

    private void Check()
    {
        disk.ThrowIfDown(_boot);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
    }
}
