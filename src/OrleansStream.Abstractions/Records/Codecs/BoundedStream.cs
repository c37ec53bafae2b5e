namespace OrleansStream.Records.Codecs;

/// <summary>Writes into a fixed piece of memory; what does not fit is dropped and noted.</summary>
internal sealed class BoundedStream(ArraySegment<byte> destination) : Stream
{
    public int Written { get; private set; }

    public bool HasOverflowed { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        HasOverflowed |= !buffer.TryCopyTo(destination.AsSpan(Written));
        Written += HasOverflowed ? 0 : buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
