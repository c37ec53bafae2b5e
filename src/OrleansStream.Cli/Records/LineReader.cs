namespace OrleansStream.Cli.Records;

/// <summary>
/// Cuts a stream into lines without copying or decoding them: a line is what stands before a line feed, byte for byte. It holds
/// one buffer, as large as the longest line, whatever the stream's length. Used by one thread.
/// </summary>
internal sealed class LineReader(Stream stream, int maxLineBytes)
{
    private const int InitialBytes = 256 * 1024;

    private byte[] _buffer = new byte[Math.Min(InitialBytes, maxLineBytes + 1)];
    private int _start;
    private int _end;
    private int _searched;
    private bool _ended;

    /// <summary>The number of lines handed out so far.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Takes the next line out of the buffer; it stays valid until <see cref="FillAsync"/>.</summary>
    /// <returns>False when the buffer holds no whole line.</returns>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        var length = _buffer.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
        if (length >= 0)
        {
            var lineFeed = _searched + length;
            line = _buffer.AsMemory(_start, lineFeed - _start);
            _start = _searched = lineFeed + 1;
            LineNumber++;
            return true;
        }

        _searched = _end;
        if (_ended && _start < _end)
        {
            // The last line of many a file lacks its line feed.
            line = _buffer.AsMemory(_start, _end - _start);
            _start = _end;
            LineNumber++;
            return true;
        }

        line = default;
        return false;
    }

    /// <summary>Reads more into the buffer, once <see cref="TryRead"/> has nothing left.</summary>
    /// <returns>False when the stream and the buffer are at their end.</returns>
    /// <exception cref="CommandException">A line is longer than allowed.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_ended)
        {
            return false;
        }

        MakeRoom();

        // Reading from a terminal or pipe cannot be interrupted, only left alone.
        var read = stream.ReadAsync(_buffer.AsMemory(_end), CancellationToken.None);
        var count = read.IsCompletedSuccessfully ? read.Result : await read.AsTask().WaitAsync(cancellationToken);
        _ended = count == 0;
        _end += count;
        return count > 0 || _start < _end;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _searched -= _start;
            _start = 0;
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        if (_end > maxLineBytes)
        {
            throw new CommandException($"Line {LineNumber + 1} is longer than the {maxLineBytes} bytes that a record may have.");
        }

        Array.Resize(ref _buffer, (int)Math.Min(_buffer.Length * 2L, maxLineBytes + 1L));
    }
}
