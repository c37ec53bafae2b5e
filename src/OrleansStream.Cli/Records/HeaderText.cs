using System.Buffers;
using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Cli.Records;

/// <summary>
/// Headers in one line: <c>name=value,name=value</c>. A backslash goes before a comma, an equals sign or a backslash that belongs
/// to a name or value, and <c>\t \n \r</c> stand for tab, line feed and carriage return, so that what was written reads back the
/// same. A name without an equals sign has a null value.
/// </summary>
internal static class HeaderText
{
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create("\\,=\t\n\r"u8);

    /// <summary>Reads headers; empty text has none.</summary>
    public static IReadOnlyList<RecordHeader> Parse(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return [];
        }

        var headers = new List<RecordHeader>();
        var part = new ArrayBufferWriter<byte>(text.Length);
        string? name = null;
        for (var i = 0; i <= text.Length; i++)
        {
            var isEnd = i == text.Length;
            if (!isEnd && text[i] == '\\' && i + 1 < text.Length)
            {
                Append(part, Unescape(text[++i]));
            }
            else if (!isEnd && text[i] == '=' && name is null)
            {
                name = Encoding.UTF8.GetString(part.WrittenSpan);
                part.ResetWrittenCount();
            }
            else if (isEnd || text[i] == ',')
            {
                headers.Add(name is null
                    ? new RecordHeader(Encoding.UTF8.GetString(part.WrittenSpan), null)
                    : new RecordHeader(name, part.WrittenSpan.ToArray()));
                name = null;
                part.ResetWrittenCount();
            }
            else
            {
                Append(part, text[i]);
            }
        }

        return headers;
    }

    /// <summary>Writes what <see cref="Parse"/> reads.</summary>
    public static void Write(IReadOnlyList<RecordHeader> headers, IBufferWriter<byte> output)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (i > 0)
            {
                output.Write(","u8);
            }

            WriteEscaped(Encoding.UTF8.GetBytes(headers[i].Key), output);
            if (headers[i].Value is { } value)
            {
                output.Write("="u8);
                WriteEscaped(value.Span, output);
            }
        }
    }

    private static void WriteEscaped(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        while (text.IndexOfAny(s_escaped) is >= 0 and var at)
        {
            output.Write(text[..at]);
            output.Write([(byte)'\\', Escape(text[at])]);
            text = text[(at + 1)..];
        }

        output.Write(text);
    }

    private static byte Escape(byte special) => special switch
    {
        (byte)'\t' => (byte)'t',
        (byte)'\n' => (byte)'n',
        (byte)'\r' => (byte)'r',
        _ => special,
    };

    private static byte Unescape(byte letter) => letter switch
    {
        (byte)'t' => (byte)'\t',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        _ => letter,
    };

    private static void Append(ArrayBufferWriter<byte> part, byte value)
    {
        part.GetSpan(1)[0] = value;
        part.Advance(1);
    }
}
