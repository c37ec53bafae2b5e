namespace OrleansStream.Topics;

/// <summary>When an append is acknowledged.</summary>
public enum FlushMode
{
    /// <summary>After the disk or database confirmed that the batch is durable. The default.</summary>
    Fsync,

    /// <summary>
    /// Once the operating system has the bytes; they are flushed in the background. A crash of the process loses nothing, a
    /// crash of the machine up to the last second.
    /// </summary>
    Os,
}
