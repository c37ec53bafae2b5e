using System.Text;

namespace OrleansStream.Kafka.Generator;

/// <summary>C# while it is written: lines, blocks, indentation.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line(string line = "")
    {
        if (line.Length > 0)
        {
            _text.Append(' ', _depth * 4).Append(line);
        }

        _text.Append('\n');
    }

    public void Open(string head)
    {
        Line(head);
        Line("{");
        _depth++;
    }

    public void Close(string tail = "")
    {
        _depth--;
        Line("}" + tail);
    }

    /// <summary>Opens a block that is only run under a condition; without a condition it writes nothing.</summary>
    public void OpenIf(string? condition)
    {
        if (condition is not null)
        {
            Open($"if ({condition})");
        }
    }

    public void CloseIf(string? condition)
    {
        if (condition is not null)
        {
            Close();
        }
    }

    public override string ToString() => _text.ToString();
}
