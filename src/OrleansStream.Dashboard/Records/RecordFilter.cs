using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Dashboard.Records;

/// <summary>Where a filter looks.</summary>
public enum FilterField
{
    Anywhere,
    Key,
    Value,
    Header,
}

/// <summary>
/// Finds records that contain a text, letter for letter. It works on the bytes as they lie in their batch, which is what makes a
/// million records a matter of a second.
/// </summary>
internal sealed class RecordFilter
{
    private readonly byte[] _text;

    public RecordFilter(FilterField field, string text)
    {
        Field = field;
        _text = Encoding.UTF8.GetBytes(text);
    }

    public FilterField Field { get; }

    /// <summary>True when every record passes.</summary>
    public bool IsEmpty => _text.Length == 0;

    public bool Matches(RecordCursor record) => IsEmpty || Field switch
    {
        FilterField.Key => record.Key.IndexOf(_text) >= 0,
        FilterField.Value => record.Value.IndexOf(_text) >= 0,
        FilterField.Header => HeaderMatches(record),
        _ => record.Value.IndexOf(_text) >= 0 || record.Key.IndexOf(_text) >= 0 || HeaderMatches(record),
    };

    /// <summary>As the other, of a record that was taken out of its batch.</summary>
    public bool Matches(byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers) => IsEmpty || Field switch
    {
        FilterField.Key => key.AsSpan().IndexOf(_text) >= 0,
        FilterField.Value => value.AsSpan().IndexOf(_text) >= 0,
        FilterField.Header => HeadersMatch(headers),
        _ => value.AsSpan().IndexOf(_text) >= 0 || key.AsSpan().IndexOf(_text) >= 0 || HeadersMatch(headers),
    };

    private bool HeaderMatches(RecordCursor record) => record.HeaderCount > 0 && HeadersMatch(record.ReadHeaders());

    private bool HeadersMatch(IReadOnlyList<RecordHeader> headers)
    {
        foreach (var header in headers)
        {
            if (Encoding.UTF8.GetBytes(header.Key).AsSpan().IndexOf(_text) >= 0 || (header.Value is { } value && value.Span.IndexOf(_text) >= 0))
            {
                return true;
            }
        }

        return false;
    }
}
