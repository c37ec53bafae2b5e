namespace OrleansStream.Records;

/// <summary>A header of a record. Keys may repeat within a record, and the order is kept.</summary>
/// <param name="Key">The key; never null, but possibly empty.</param>
/// <param name="Value">The value; null is not the same as empty.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>
    /// A header over an array or null. Without this overload the language would turn a null array into an empty value.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, which is not copied.</param>
    public RecordHeader(string key, byte[]? value)
        : this(key, value is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(value))
    {
    }
}
