using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Cli.Records;

/// <summary>A line, understood as a record. The memory is that of the line.</summary>
internal readonly record struct RecordLine(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte> Value, IReadOnlyList<RecordHeader>? Headers);

/// <summary>
/// How a line becomes a record: <c>[headers TAB] [key SEPARATOR] value</c>. Bytes are taken as they are.
/// </summary>
/// <param name="keySeparator">What stands between key and value; null when lines are values.</param>
/// <param name="hasHeaders">Whether lines begin with headers, as <see cref="HeaderText"/> has them, and a tab.</param>
/// <param name="keyIsOptional">Whether a line without the separator is a value without a key, and not an error.</param>
internal sealed class LineFormat(string? keySeparator, bool hasHeaders, bool keyIsOptional)
{
    private readonly byte[]? _keySeparator = keySeparator is null ? null : Encoding.UTF8.GetBytes(keySeparator);

    /// <summary>Parses one line.</summary>
    /// <exception cref="CommandException">The line lacks a part; the message says which and where.</exception>
    public RecordLine Parse(ReadOnlyMemory<byte> line, long lineNumber)
    {
        IReadOnlyList<RecordHeader>? headers = null;
        if (hasHeaders)
        {
            var tab = line.Span.IndexOf((byte)'\t');
            if (tab < 0)
            {
                throw new CommandException($"Line {lineNumber} has no tab after its headers; leave them empty but keep the tab, or omit --headers.");
            }

            headers = HeaderText.Parse(line.Span[..tab]);
            line = line[(tab + 1)..];
        }

        if (_keySeparator is null)
        {
            return new RecordLine(null, line, headers);
        }

        var at = line.Span.IndexOf(_keySeparator);
        if (at >= 0)
        {
            return new RecordLine(line[..at], line[(at + _keySeparator.Length)..], headers);
        }

        return keyIsOptional
            ? new RecordLine(null, line, headers)
            : throw new CommandException(
                $"Line {lineNumber} has no key: the separator '{keySeparator}' is not in it. --key-optional produces such lines without a key.");
    }
}
