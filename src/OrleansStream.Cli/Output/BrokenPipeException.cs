namespace OrleansStream.Cli.Output;

/// <summary>The reader of the output has closed it, as <c>head</c> does: a reason to end quietly.</summary>
internal sealed class BrokenPipeException(IOException inner) : IOException(inner.Message, inner);
