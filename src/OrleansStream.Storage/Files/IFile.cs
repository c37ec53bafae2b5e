namespace OrleansStream.Storage.Files;

/// <summary>An open file. Reads may run beside each other and beside a write elsewhere in the file; disposing waits for neither.</summary>
internal interface IFile : IDisposable
{
    /// <summary>The size in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to the buffer's size; may return less, and returns 0 only at or after the end.</summary>
    int Read(Span<byte> buffer, long position);

    /// <summary>Writes everything, extending the file as needed. After an exception any part may have been written.</summary>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Writes the buffers one after the other, as <see cref="Write(ReadOnlySpan{byte}, long)"/> does.</summary>
    void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position);

    /// <summary>Cuts the file, or extends it by zeros.</summary>
    void SetLength(long length);

    /// <summary>Makes content and size durable. After an exception nobody knows what is: it must not be tried again.</summary>
    void Flush();
}
