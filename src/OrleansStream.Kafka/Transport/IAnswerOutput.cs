namespace OrleansStream.Kafka.Transport;

/// <summary>Where a connection's answers go. Takes bytes no faster than the client does, so that they do not pile up on the way. Used by one thread at a time.</summary>
internal interface IAnswerOutput : IDisposable
{
    /// <summary>How much was written that has not left yet.</summary>
    long UnsentBytes { get; }

    /// <summary>Writes bytes, which may be used for something else afterwards. Few of them wait for more, or for <see cref="FlushAsync"/>.</summary>
    /// <exception cref="OperationCanceledException">The client ended the connection.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Sends what was written.</summary>
    /// <exception cref="OperationCanceledException">The client ended the connection.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    ValueTask FlushAsync(CancellationToken cancellationToken);
}
