using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace OrleansStream.Cli.Output;

/// <summary>
/// The process's standard output as bytes, unbuffered. The console's own stream swallows a broken pipe, and a consumer piped
/// into <c>head</c> would go on for ever; this one ends in a <see cref="BrokenPipeException"/>.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private readonly Stream _inner = Open();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _inner.Write(buffer);
        }
        catch (IOException e) when (_inner is PipeStream)
        {
            throw new BrokenPipeException(e);
        }
    }

    public override void Flush() => _inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static Stream Open()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
        {
            return Console.OpenStandardOutput();
        }

        try
        {
            return new AnonymousPipeClientStream(PipeDirection.Out, new SafePipeHandle(1, ownsHandle: false));
        }
        catch (IOException)
        {
            // Redirected to a file, where nobody can hang up.
            return Console.OpenStandardOutput();
        }
    }
}
