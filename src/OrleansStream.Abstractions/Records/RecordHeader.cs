namespace OrleansStream.Records;

/// <summary>A header of a record. Keys may repeat within a record, and the order is kept.</summary>
/// <param name="Key">The key; never null, but possibly empty.</param>
/// <param name="Value">The value; null is not the same as empty.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
