namespace OrleansStream.Kafka.Generator;

/// <summary>A type that the protocol defines itself.</summary>
/// <param name="Name">As schemas write it.</param>
/// <param name="CSharp">As C# writes it.</param>
/// <param name="Method">What follows <c>Read</c> and <c>Write</c> in the names of the reader's and writer's methods.</param>
/// <param name="DependsOnFlexible">Its length is written differently in flexible versions.</param>
internal sealed record Primitive(string Name, string CSharp, string Method, bool DependsOnFlexible = false)
{
    /// <summary>The C# expression of its default where the schema names none.</summary>
    public string Default => Name is "string" ? "\"\"" : Name is "bytes" or "records" ? "global::System.ReadOnlyMemory<byte>.Empty" : "default";

    public bool IsReference => Name is "string";
}

internal static class Primitives
{
    private static readonly Primitive[] s_all =
    [
        new("bool", "bool", "Boolean"),
        new("int8", "sbyte", "Int8"),
        new("int16", "short", "Int16"),
        new("uint16", "ushort", "UInt16"),
        new("int32", "int", "Int32"),
        new("int64", "long", "Int64"),
        new("float64", "double", "Float64"),
        new("uuid", "global::System.Guid", "Uuid"),
        new("string", "string", "String", DependsOnFlexible: true),
        new("bytes", "global::System.ReadOnlyMemory<byte>", "Bytes", DependsOnFlexible: true),
        new("records", "global::System.ReadOnlyMemory<byte>", "Records", DependsOnFlexible: true),
    ];

    public static Primitive? Find(string name) => s_all.FirstOrDefault(primitive => primitive.Name == name);

    public static string Names => string.Join(", ", s_all.Select(primitive => primitive.Name));
}
