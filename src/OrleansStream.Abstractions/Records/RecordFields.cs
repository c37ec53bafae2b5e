namespace OrleansStream.Records;

/// <summary>
/// A record on its way into a batch. A key or value that was not set is null; to set one and still say that it is null, set
/// <see cref="IsKeyNull"/> or <see cref="IsValueNull"/>, which win over the bytes in whatever order they are set.
/// </summary>
public readonly ref struct RecordFields
{
    private readonly Presence _key;
    private readonly Presence _value;

    private enum Presence : byte
    {
        Unset,
        HasBytes,
        SaidNull,
        SaidNotNull,
    }

    /// <summary>Milliseconds since 1970 UTC.</summary>
    public long TimestampMs { get; init; }

    /// <summary>The key's bytes; empty when it is null.</summary>
    public ReadOnlySpan<byte> Key
    {
        get => IsKeyNull ? default : field;
        init
        {
            field = value;
            _key = _key == Presence.Unset ? Presence.HasBytes : _key;
        }
    }

    /// <summary>True when the record has no key, which is different from an empty one.</summary>
    public bool IsKeyNull
    {
        get => _key is Presence.Unset or Presence.SaidNull;
        init => _key = value ? Presence.SaidNull : Presence.SaidNotNull;
    }

    /// <summary>The value's bytes; empty when it is null.</summary>
    public ReadOnlySpan<byte> Value
    {
        get => IsValueNull ? default : field;
        init
        {
            field = value;
            _value = _value == Presence.Unset ? Presence.HasBytes : _value;
        }
    }

    /// <summary>True when the record has no value (in a compacted topic: a tombstone), which is different from an empty one.</summary>
    public bool IsValueNull
    {
        get => _value is Presence.Unset or Presence.SaidNull;
        init => _value = value ? Presence.SaidNull : Presence.SaidNotNull;
    }

    /// <summary>The headers, in order.</summary>
    public ReadOnlySpan<RecordHeader> Headers { get; init; }
}
