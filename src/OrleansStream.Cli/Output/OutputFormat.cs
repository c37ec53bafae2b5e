namespace OrleansStream.Cli.Output;

/// <summary>Whom a listing is for.</summary>
internal enum OutputFormat
{
    /// <summary>People: columns, framed on a terminal and plain in a pipe.</summary>
    Table,

    /// <summary>Programs: one JSON value, in UTF-8.</summary>
    Json,
}
