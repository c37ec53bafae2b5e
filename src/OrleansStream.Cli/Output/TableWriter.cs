using System.Text;
using Spectre.Console;

namespace OrleansStream.Cli.Output;

/// <summary>
/// Writes tables for people: framed on a terminal; in a pipe as aligned columns without trailing blanks, for <c>grep</c> and <c>awk</c>.
/// Titles come once, before the first rows.
/// </summary>
/// <param name="output">Where bytes go.</param>
/// <param name="terminal">The terminal that shows them, if it is one.</param>
internal sealed class TableWriter(Stream output, IAnsiConsole? terminal)
{
    private bool _titlesWritten;

    /// <summary>Writes to standard output, whatever that is.</summary>
    public TableWriter(StandardOutput output)
        : this(output, Console.IsOutputRedirected ? null : AnsiConsole.Console)
    {
    }

    public void Write<T>(IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns)
    {
        if (_titlesWritten && rows.Count == 0)
        {
            return;
        }

        if (terminal is not null)
        {
            WriteFramed(terminal, rows, columns);
        }
        else
        {
            WritePlain(rows, columns);
        }

        _titlesWritten = true;
    }

    /// <summary>Writes a line of text.</summary>
    public void WriteLine(string text) => output.Write(Encoding.UTF8.GetBytes(text + "\n"));

    private void WriteFramed<T>(IAnsiConsole console, IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns)
    {
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = !_titlesWritten };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column.Title, new Style(decoration: Decoration.Bold)))
            {
                Alignment = column.IsNumber ? Justify.Right : Justify.Left,
            });
        }

        foreach (var row in rows)
        {
            table.AddRow(columns.Select(column => new Text(column.Text(row))));
        }

        console.Write(table);
    }

    private void WritePlain<T>(IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns)
    {
        var cells = rows.Select(row => columns.Select(column => column.Text(row)).ToArray()).ToList();
        if (!_titlesWritten)
        {
            cells.Insert(0, columns.Select(column => column.Title.ToUpperInvariant()).ToArray());
        }

        var widths = columns.Select((_, i) => cells.Max(line => line[i].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var line in cells)
        {
            var padded = line.Select((cell, i) => columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            text.Append(string.Join("  ", padded).TrimEnd()).Append('\n');
        }

        output.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
