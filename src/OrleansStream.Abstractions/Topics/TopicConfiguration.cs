using System.Globalization;

namespace OrleansStream.Topics;

/// <summary>A topic's settings with every default filled in. Names and meanings are Kafka's where Kafka has the setting.</summary>
public sealed record TopicConfiguration
{
    /// <summary>The settings of a topic on which nothing was set.</summary>
    public static TopicConfiguration Default { get; } = new();

    /// <summary><c>retention.ms</c>: segments whose youngest record is older are deleted; null keeps them for ever. Seven days.</summary>
    public TimeSpan? Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary><c>retention.bytes</c>: oldest segments are deleted while a partition is larger; null sets no limit. No limit.</summary>
    public long? RetentionBytes { get; init; }

    /// <summary><c>segment.bytes</c>: a segment is closed before it grows beyond this. 1 GiB.</summary>
    public int SegmentBytes { get; init; } = 1024 * 1024 * 1024;

    /// <summary><c>segment.ms</c>: a segment is closed when its first record is older than this at the next append. Seven days.</summary>
    public TimeSpan SegmentAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary><c>max.message.bytes</c>: the largest batch, as compressed by the producer. 1 MiB and 12 bytes.</summary>
    public int MaxBatchBytes { get; init; } = ProtocolLimits.DefaultMaxBatchBytes;

    /// <summary><c>flush.mode</c>: <c>fsync</c> or <c>os</c>. <c>fsync</c>.</summary>
    public FlushMode FlushMode { get; init; } = FlushMode.Fsync;

    /// <summary><c>message.timestamp.after.max.ms</c>: how far ahead of the server's clock a record may be. One hour.</summary>
    public TimeSpan MaxTimestampAhead { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Every setting's name, default and meaning, in alphabetical order.</summary>
    public static IReadOnlyList<TopicSetting> Settings { get; } =
    [
        new("flush.mode", "fsync", "When a produce is acknowledged: fsync (durable) or os (handed to the operating system)."),
        new("max.message.bytes", Text(Default.MaxBatchBytes), "The largest record batch, in bytes as sent."),
        new("message.timestamp.after.max.ms", Text((long)Default.MaxTimestampAhead.TotalMilliseconds), "How far ahead of the server's clock a record's timestamp may be."),
        new("retention.bytes", "-1", "Delete the oldest segments while a partition is larger than this; -1 for no limit."),
        new("retention.ms", Text((long)Default.Retention!.Value.TotalMilliseconds), "Delete segments whose youngest record is older than this; -1 for never."),
        new("segment.bytes", Text(Default.SegmentBytes), "The size at which a segment is closed and the next begun."),
        new("segment.ms", Text((long)Default.SegmentAge.TotalMilliseconds), "The age at which a segment is closed and the next begun."),
    ];

    /// <summary>Fills in the defaults around what was set explicitly.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidConfig"/>, naming the setting.</exception>
    public static TopicConfiguration Parse(IReadOnlyDictionary<string, string> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var result = Default;
        foreach (var (name, value) in settings)
        {
            result = name switch
            {
                "flush.mode" => result with { FlushMode = ParseFlushMode(name, value) },
                "max.message.bytes" => result with { MaxBatchBytes = (int)Number(name, value, 1024, ProtocolLimits.MaxRecordBytes / 2) },
                "message.timestamp.after.max.ms" => result with { MaxTimestampAhead = Duration(name, value, 0) },
                "retention.bytes" => result with { RetentionBytes = value == "-1" ? null : Number(name, value, 0, long.MaxValue) },
                "retention.ms" => result with { Retention = value == "-1" ? null : Duration(name, value, 0) },
                "segment.bytes" => result with { SegmentBytes = (int)Number(name, value, 64 * 1024, 1024 * 1024 * 1024) },
                "segment.ms" => result with { SegmentAge = Duration(name, value, 1000) },
                _ => throw new OrleansStreamException(
                    ErrorCode.InvalidConfig,
                    $"There is no topic setting '{name}'. Settings: {string.Join(", ", Settings.Select(s => s.Name))}."),
            };
        }

        if (result.MaxBatchBytes > result.SegmentBytes)
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidConfig,
                $"max.message.bytes ({result.MaxBatchBytes}) must not exceed segment.bytes ({result.SegmentBytes}): a batch lies in one segment.");
        }

        return result;
    }

    private static FlushMode ParseFlushMode(string name, string value) => value switch
    {
        "fsync" => FlushMode.Fsync,
        "os" => FlushMode.Os,
        _ => throw new OrleansStreamException(ErrorCode.InvalidConfig, $"{name} is 'fsync' or 'os', not '{value}'."),
    };

    private static long Number(string name, string value, long min, long max)
    {
        if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
        {
            throw new OrleansStreamException(ErrorCode.InvalidConfig, $"{name} is a whole number from {min} to {max}, not '{value}'.");
        }

        return number;
    }

    private static TimeSpan Duration(string name, string value, long minMs) =>
        TimeSpan.FromMilliseconds(Number(name, value, minMs, (long)TimeSpan.FromDays(365_000).TotalMilliseconds));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One topic setting, for help texts and listings.</summary>
/// <param name="Name">The name as it is typed.</param>
/// <param name="DefaultValue">The value where nothing was set.</param>
/// <param name="Meaning">What it does, in a sentence.</param>
public sealed record TopicSetting(string Name, string DefaultValue, string Meaning);
