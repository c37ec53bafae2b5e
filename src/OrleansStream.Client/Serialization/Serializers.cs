using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansStream.Client.Serialization;

/// <summary>
/// The serializers that come with the client. Their bytes are those of Kafka's serializers of the same types: numbers are
/// big-endian, text is UTF-8, a <see cref="System.Guid"/> is its text with dashes.
/// </summary>
public static class Serializers
{
    /// <summary>Text in UTF-8. Bytes that are no UTF-8 are refused.</summary>
    public static ISerializer<string> Utf8 { get; } = new Utf8Serializer();

    /// <summary>Bytes as they are; reading copies them into a new array.</summary>
    public static ISerializer<byte[]> ByteArray { get; } = new ByteArraySerializer();

    /// <summary>Bytes as they are; reading copies them into a new array.</summary>
    public static ISerializer<ReadOnlyMemory<byte>> Memory { get; } = new MemorySerializer();

    /// <summary>One byte, 0 or 1.</summary>
    public static ISerializer<bool> Boolean { get; } = new FixedSizeSerializer<bool>(1, static (to, v) => to[0] = v ? (byte)1 : (byte)0, static b => b[0] != 0);

    /// <summary>Two bytes, big-endian.</summary>
    public static ISerializer<short> Int16 { get; } =
        new FixedSizeSerializer<short>(sizeof(short), BinaryPrimitives.WriteInt16BigEndian, BinaryPrimitives.ReadInt16BigEndian);

    /// <summary>Four bytes, big-endian.</summary>
    public static ISerializer<int> Int32 { get; } =
        new FixedSizeSerializer<int>(sizeof(int), BinaryPrimitives.WriteInt32BigEndian, BinaryPrimitives.ReadInt32BigEndian);

    /// <summary>Eight bytes, big-endian.</summary>
    public static ISerializer<long> Int64 { get; } =
        new FixedSizeSerializer<long>(sizeof(long), BinaryPrimitives.WriteInt64BigEndian, BinaryPrimitives.ReadInt64BigEndian);

    /// <summary>Four bytes, IEEE 754, big-endian.</summary>
    public static ISerializer<float> Single { get; } =
        new FixedSizeSerializer<float>(sizeof(float), BinaryPrimitives.WriteSingleBigEndian, BinaryPrimitives.ReadSingleBigEndian);

    /// <summary>Eight bytes, IEEE 754, big-endian.</summary>
    public static ISerializer<double> Double { get; } =
        new FixedSizeSerializer<double>(sizeof(double), BinaryPrimitives.WriteDoubleBigEndian, BinaryPrimitives.ReadDoubleBigEndian);

    /// <summary>Text of 36 characters: 8-4-4-4-12 hexadecimal digits.</summary>
    public static ISerializer<Guid> Guid { get; } = new GuidSerializer();

    /// <summary>Nothing: writes none and ignores what is there.</summary>
    public static ISerializer<Null> Null { get; } = new NullSerializer();

    /// <summary>JSON by reflection, or by the source-generated context that the options carry.</summary>
    /// <param name="options">How to write and read; null for web defaults (camel case names).</param>
    public static ISerializer<T> Json<T>(JsonSerializerOptions? options = null) =>
        new JsonSerializer<T>((JsonTypeInfo<T>)(options ?? JsonSerializerOptions.Web).GetTypeInfo(typeof(T)));

    /// <summary>JSON by source-generated code, for trimmed and native applications.</summary>
    /// <param name="typeInfo">A member of a <c>JsonSerializerContext</c>.</param>
    public static ISerializer<T> Json<T>(JsonTypeInfo<T> typeInfo)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        return new JsonSerializer<T>(typeInfo);
    }

    /// <summary>The serializer of a type unless one is chosen: one of this class, and JSON with web defaults for every other type.</summary>
    public static ISerializer<T> For<T>() => Default<T>.Instance;

    private static object? BuiltIn(Type type) =>
        type == typeof(string) ? Utf8
        : type == typeof(byte[]) ? ByteArray
        : type == typeof(ReadOnlyMemory<byte>) ? Memory
        : type == typeof(Null) ? Null
        : BuiltIn(type, Boolean) ?? BuiltIn(type, Int16) ?? BuiltIn(type, Int32) ?? BuiltIn(type, Int64)
            ?? BuiltIn(type, Single) ?? BuiltIn(type, Double) ?? BuiltIn(type, Guid);

    private static object? BuiltIn<T>(Type type, ISerializer<T> serializer)
        where T : struct =>
        type == typeof(T) ? serializer : type == typeof(T?) ? new NullableSerializer<T>(serializer) : null;

    private static class Default<T>
    {
        public static readonly ISerializer<T> Instance = BuiltIn(typeof(T)) as ISerializer<T> ?? Json<T>();
    }
}
