using System.Buffers;
using System.Buffers.Text;
using System.Text;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Cli.Records;

/// <summary>
/// How a record becomes bytes on standard output: a text with placeholders, compiled once. Keys and values are written as they
/// are; null is written as nothing.
/// </summary>
internal sealed class RecordFormat
{
    /// <summary>The placeholders, for help and errors.</summary>
    public const string Placeholders = "%k key, %v value, %h headers, %o offset, %t topic, %p partition, %T time, %m time in ms, %% a percent sign; \\n \\t \\r \\0 \\\\";

    private readonly List<(char Placeholder, byte[] Literal)> _parts = [];

    private RecordFormat()
    {
    }

    /// <summary>The value and a line feed.</summary>
    public const string Default = "%v\\n";

    /// <summary>Compiles a format that is known to be right.</summary>
    public static RecordFormat Parse(string text) => TryParse(text, out var format, out var problem) ? format : throw new FormatException(problem);

    /// <summary>Compiles a format.</summary>
    /// <param name="text">The format.</param>
    /// <param name="format">The result.</param>
    /// <param name="problem">What is wrong, in a sentence for people.</param>
    public static bool TryParse(string text, out RecordFormat format, out string problem)
    {
        format = new RecordFormat();
        problem = "";
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var isSpecial = text[i] is '%' or '\\';
            if (!isSpecial)
            {
                literal.Append(text[i]);
                continue;
            }

            var next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (text[i] == '%' && "kvhotpTm".Contains(next, StringComparison.Ordinal))
            {
                format.Add(next, literal);
            }
            else if (Unescape(text[i], next) is { } letter)
            {
                literal.Append(letter);
            }
            else
            {
                problem = $"'{text.AsSpan(i, Math.Min(2, text.Length - i))}' means nothing in a format; there are: {Placeholders}.";
                return false;
            }

            i++;
        }

        format.Add('\0', literal);
        return true;
    }

    /// <summary>Reads the backslash sequences of formats, for separators on the command line.</summary>
    public static string UnescapeSeparator(string text) => text
        .Replace("\\t", "\t", StringComparison.Ordinal)
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\0", "\0", StringComparison.Ordinal);

    /// <summary>Writes one record.</summary>
    public void Write(in ConsumedRecord<byte[], byte[]> record, IBufferWriter<byte> output)
    {
        foreach (var (placeholder, literal) in _parts)
        {
            output.Write(literal);
            switch (placeholder)
            {
                case 'k':
                    output.Write(record.Key);
                    break;
                case 'v':
                    output.Write(record.Value);
                    break;
                case 'h':
                    HeaderText.Write(record.Headers, output);
                    break;
                case 'o':
                    WriteNumber(record.Offset.Value, output);
                    break;
                case 'p':
                    WriteNumber(record.Partition, output);
                    break;
                case 'm':
                    WriteNumber(record.TimestampMs, output);
                    break;
                case 't':
                    Encoding.UTF8.GetBytes(record.Topic, output);
                    break;
                case 'T':
                    record.Timestamp.TryFormat(output.GetSpan(32), out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
                    output.Advance(length);
                    break;
            }
        }
    }

    private void Add(char placeholder, StringBuilder literal)
    {
        _parts.Add((placeholder, Encoding.UTF8.GetBytes(literal.ToString())));
        literal.Clear();
    }

    private static void WriteNumber(long number, IBufferWriter<byte> output)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var length);
        output.Advance(length);
    }

    private static char? Unescape(char mark, char letter) => (mark, letter) switch
    {
        ('%', '%') => '%',
        ('\\', 'n') => '\n',
        ('\\', 't') => '\t',
        ('\\', 'r') => '\r',
        ('\\', '0') => '\0',
        ('\\', '\\') => '\\',
        _ => null,
    };
}
