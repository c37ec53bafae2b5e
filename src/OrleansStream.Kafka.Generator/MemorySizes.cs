namespace OrleansStream.Kafka.Generator;

/// <summary>
/// How much memory a message's parts take once they were read: what a reader charges for the elements of an array before it makes them.
/// Rounded up; texts, and arrays within elements, are charged when it comes to them.
/// </summary>
internal static class MemorySizes
{
    private const int Reference = 8;

    /// <summary>An object without its fields.</summary>
    private const int Header = 16;

    /// <summary>One element of an array field, with its place in the array.</summary>
    public static int OfElement(FieldSchema field) => field.Struct is { } element ? Reference + OfObject(element) : OfPrimitive(field.Type);

    private static int OfObject(StructSchema schema) => Header + schema.Fields.Sum(OfField);

    private static int OfField(FieldSchema field) => field switch
    {
        { IsArray: true } => Reference,
        { Struct: { } nested } => Reference + OfObject(nested),
        _ => Math.Max(OfPrimitive(field.Type), Reference) + (field.IsNullable && field.Type != "string" ? Reference : 0),
    };

    private static int OfPrimitive(string type) => type switch
    {
        "bool" or "int8" => 1,
        "int16" or "uint16" => 2,
        "int32" => 4,
        "uuid" or "bytes" or "records" => 16,
        _ => 8,
    };
}
