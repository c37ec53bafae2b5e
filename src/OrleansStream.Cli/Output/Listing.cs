using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansStream.Cli.Output;

/// <summary>
/// Writes rows as they come, so that a list of a million topics needs no more memory than one of a thousand: a JSON array, or
/// a table in pages.
/// </summary>
internal static class Listing
{
    /// <summary>Rows that are laid out together; later pages may choose other widths.</summary>
    private const int PageRows = 1000;

    public static async Task WriteAsync<T>(
        OutputFormat format, IAsyncEnumerable<T> rows, JsonTypeInfo<T> json, IReadOnlyList<Column<T>> columns, CancellationToken cancellationToken)
    {
        using var output = new StandardOutput();
        if (format == OutputFormat.Json)
        {
            await WriteJsonAsync(output, rows, json, cancellationToken);
            return;
        }

        var table = new TableWriter(output);
        var page = new List<T>();
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            page.Add(row);
            if (page.Count == PageRows)
            {
                table.Write(page, columns);
                page.Clear();
            }
        }

        table.Write(page, columns);
    }

    private static async Task WriteJsonAsync<T>(Stream output, IAsyncEnumerable<T> rows, JsonTypeInfo<T> json, CancellationToken cancellationToken)
    {
        var options = json.Options;
        await using var writer = new Utf8JsonWriter(
            output, new JsonWriterOptions { Indented = options.WriteIndented, Encoder = options.Encoder });
        writer.WriteStartArray();
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            JsonSerializer.Serialize(writer, row, json);
            if (writer.BytesPending > 64 * 1024)
            {
                writer.Flush();
            }
        }

        writer.WriteEndArray();
        writer.Flush();
        output.Write("\n"u8);
    }
}
