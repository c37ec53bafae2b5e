using System.Diagnostics.CodeAnalysis;
using OrleansStream.Client.Serialization;
using OrleansStream.Records;

namespace OrleansStream.Client.Producing;

/// <summary>How a producer works. The defaults are meant for production.</summary>
public record ProducerOptions
{
    private const int MinBatchBytes = 1024;

    /// <summary>How batches are compressed. None.</summary>
    public CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary>The largest batch before compression, header included; a single larger record is refused. 1 MiB.</summary>
    public int MaxBatchBytes { get; init; } = 1024 * 1024;

    /// <summary>The most bytes of records waiting or in flight; beyond it callers wait. 64 MiB.</summary>
    public long MaxBufferedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How long a batch may gather before it is sent although nothing of its partition is in flight. Zero: at once. Only worth
    /// raising to save requests when many producers send little.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>How long a record may take from acceptance to acknowledgement, retries included, before it fails. Two minutes.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The first pause before a retry; it doubles up to a second, with jitter. 50 ms.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Whether retries are recognised by the server and stored once (invariant I8). True.</summary>
    public bool EnableIdempotence { get; init; } = true;

    /// <summary>Chooses partitions; null for murmur2 of the key as Kafka's clients do, and sticky for records without a key.</summary>
    public IPartitioner? Partitioner { get; init; }

    /// <summary>Checks the options.</summary>
    /// <param name="problem">Which option is wrong, and what it has to be.</param>
    /// <returns>True when a producer can work with them.</returns>
    public bool TryValidate([NotNullWhen(false)] out string? problem)
    {
        problem = MaxBatchBytes is < MinBatchBytes or > ProtocolLimits.MaxRecordBytes / 2
                ? $"{nameof(MaxBatchBytes)} must be {MinBatchBytes} to {ProtocolLimits.MaxRecordBytes / 2}, not {MaxBatchBytes}."
            : MaxBufferedBytes < MaxBatchBytes ? $"{nameof(MaxBufferedBytes)} ({MaxBufferedBytes}) must be at least {nameof(MaxBatchBytes)} ({MaxBatchBytes})."
            : Linger < TimeSpan.Zero ? $"{nameof(Linger)} must not be negative; it is {Linger}."
            : DeliveryTimeout <= TimeSpan.Zero ? $"{nameof(DeliveryTimeout)} must be positive, not {DeliveryTimeout}."
            : DeliveryTimeout < Linger ? $"{nameof(DeliveryTimeout)} ({DeliveryTimeout}) must not be shorter than {nameof(Linger)} ({Linger})."
            : RetryBackoff <= TimeSpan.Zero ? $"{nameof(RetryBackoff)} must be positive, not {RetryBackoff}."
            : !Enum.IsDefined(Compression) ? $"{nameof(Compression)} must be None, Gzip, Snappy, Lz4 or Zstd, not {Compression}."
            : null;
        return problem is null;
    }
}

/// <summary>How a producer of certain types works.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed record ProducerOptions<TKey, TValue> : ProducerOptions
{
    /// <summary>Writes keys; null for the default of the type.</summary>
    public ISerializer<TKey>? KeySerializer { get; init; }

    /// <summary>Writes values; null for the default of the type.</summary>
    public ISerializer<TValue>? ValueSerializer { get; init; }
}
