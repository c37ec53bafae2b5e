using System.Text;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Tests.Output;

public sealed class TableWriterTests
{
    private static readonly Column<(string Name, long Count)>[] s_columns =
    [
        new("Name", row => row.Name),
        new("Count", row => row.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), IsNumber: true),
    ];

    [Fact]
    public void In_a_pipe_columns_are_aligned_and_end_without_blanks()
    {
        var output = new MemoryStream();

        new TableWriter(output, terminal: null).Write([("orders", 6), ("x", 12000)], s_columns);

        Assert.Equal("NAME    COUNT\norders      6\nx       12000\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Titles_come_once_even_for_no_rows()
    {
        var output = new MemoryStream();
        var table = new TableWriter(output, terminal: null);

        table.Write([], s_columns);
        table.Write([("a", 1)], s_columns);
        table.Write([], s_columns);

        Assert.Equal("NAME  COUNT\na  1\n", Encoding.UTF8.GetString(output.ToArray()));
    }
}
