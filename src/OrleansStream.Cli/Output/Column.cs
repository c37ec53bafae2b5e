namespace OrleansStream.Cli.Output;

/// <summary>A column of a table.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="Text">The cell of a row.</param>
/// <param name="IsNumber">Numbers stand to the right.</param>
internal sealed record Column<T>(string Title, Func<T, string> Text, bool IsNumber = false);
