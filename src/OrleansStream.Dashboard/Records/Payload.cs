using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansStream.Dashboard.Records;

/// <summary>What bytes turned out to be.</summary>
public enum PayloadKind
{
    /// <summary>Absent: a tombstone, or no key.</summary>
    Null,

    /// <summary>Present, and without a byte.</summary>
    Empty,
    Json,
    Text,
    Binary,
}

/// <summary>Bytes for people: JSON as JSON, text as text, the rest as hexadecimal.</summary>
public sealed class Payload
{
    private const int LineChars = 160;
    private const int HexRowBytes = 16;

    /// <summary>More than this is not laid out; it can be downloaded.</summary>
    private const int MaxShownBytes = 256 * 1024;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[] _bytes;
    private string? _full;

    private Payload(PayloadKind kind, byte[] bytes, string? text)
    {
        Kind = kind;
        _bytes = bytes;
        Text = text;
        Line = MakeLine();
    }

    public PayloadKind Kind { get; }

    /// <summary>The bytes as text; null when they are none.</summary>
    public string? Text { get; }

    public int Length => _bytes.Length;

    /// <summary>In one line, cut off if need be.</summary>
    public string Line { get; }

    /// <summary>In full, laid out.</summary>
    public string Full => _full ??= Kind switch
    {
        PayloadKind.Json => Indent(),
        PayloadKind.Text => Text!.Length <= MaxShownBytes ? Text : Text[..MaxShownBytes],
        PayloadKind.Binary => Hex(),
        _ => "",
    };

    /// <summary>True when <see cref="Full"/> is not everything.</summary>
    public bool IsCut => _bytes.Length > MaxShownBytes;

    public static Payload Of(byte[]? bytes)
    {
        if (bytes is null)
        {
            return new Payload(PayloadKind.Null, [], null);
        }

        if (bytes.Length == 0)
        {
            return new Payload(PayloadKind.Empty, bytes, "");
        }

        try
        {
            var text = s_strict.GetString(bytes);
            return text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t'))
                ? new Payload(PayloadKind.Binary, bytes, null)
                : new Payload(IsJson(text, bytes) ? PayloadKind.Json : PayloadKind.Text, bytes, text);
        }
        catch (DecoderFallbackException)
        {
            return new Payload(PayloadKind.Binary, bytes, null);
        }
    }

    /// <summary>Only objects and arrays: a number or a word is better read as the text it is.</summary>
    private static bool IsJson(string text, byte[] bytes)
    {
        if (text.AsSpan().TrimStart() is not ['{' or '[', ..])
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(bytes);
            while (reader.Read())
            {
                reader.TrySkip();
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private string Indent()
    {
        if (_bytes.Length > MaxShownBytes)
        {
            return Text![..Math.Min(Text!.Length, MaxShownBytes)];
        }

        using var document = JsonDocument.Parse(_bytes);
        return JsonSerializer.Serialize(document.RootElement, s_indented);
    }

    private string MakeLine() => Kind switch
    {
        PayloadKind.Null => "null",
        PayloadKind.Empty => "empty",
        PayloadKind.Binary => Convert.ToHexString(_bytes.AsSpan(0, Math.Min(_bytes.Length, LineChars / 2))).ToLowerInvariant(),
        _ => OneLine(Text!),
    };

    private static string OneLine(string text)
    {
        var cut = text.Length > LineChars ? text[..LineChars] : text;
        return string.Join(' ', cut.Split(['\n', '\r', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Rows of sixteen bytes: position, bytes, and letters where they are some.</summary>
    private string Hex()
    {
        var text = new StringBuilder();
        var shown = _bytes.AsSpan(0, Math.Min(_bytes.Length, MaxShownBytes / 4));
        for (var at = 0; at < shown.Length; at += HexRowBytes)
        {
            var row = shown[at..Math.Min(at + HexRowBytes, shown.Length)];
            text.Append(CultureInfo.InvariantCulture, $"{at:x6}  ");
            for (var column = 0; column < HexRowBytes; column++)
            {
                text.Append(column < row.Length ? row[column].ToString("x2", CultureInfo.InvariantCulture) : "  ").Append(column == 7 ? "  " : " ");
            }

            text.Append(' ');
            foreach (var one in row)
            {
                text.Append(one is >= 0x20 and < 0x7f ? (char)one : '·');
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
