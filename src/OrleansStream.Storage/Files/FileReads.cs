namespace OrleansStream.Storage.Files;

/// <summary>Reads that put up with short answers.</summary>
internal static class FileReads
{
    /// <summary>Fills the buffer as far as the file reaches.</summary>
    /// <returns>The bytes read; less than the buffer's size only at the end of the file.</returns>
    public static int ReadFully(this IFile file, Span<byte> buffer, long position)
    {
        var total = 0;
        while (total < buffer.Length && file.Read(buffer[total..], position + total) is > 0 and var read)
        {
            total += read;
        }

        return total;
    }

    /// <summary>The content of a small file; null when it is not there.</summary>
    public static byte[]? TryReadAll(this IFileSystem files, string path)
    {
        if (!files.FileExists(path))
        {
            return null;
        }

        using var file = files.Open(path);
        var content = new byte[checked((int)file.Length)];
        var read = file.ReadFully(content, 0);
        return read == content.Length ? content : content[..read];
    }
}
