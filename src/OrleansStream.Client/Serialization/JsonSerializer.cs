using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansStream.Client.Serialization;

/// <summary>JSON through the framework's serializer, with a writer kept per thread.</summary>
internal sealed class JsonSerializer<T> : ISerializer<T>
{
    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    private readonly JsonTypeInfo<T> _typeInfo;

    public JsonSerializer(JsonTypeInfo<T> typeInfo) => _typeInfo = typeInfo;

    public void Serialize(T value, IBufferWriter<byte> writer)
    {
        // Taken away while in use, in case a converter of the user's serializes something of the same type by itself.
        var json = s_writer;
        s_writer = null;
        if (json is null)
        {
            json = new Utf8JsonWriter(writer, new JsonWriterOptions { Encoder = _typeInfo.Options.Encoder, SkipValidation = true });
        }
        else
        {
            json.Reset(writer);
        }

        System.Text.Json.JsonSerializer.Serialize(json, value, _typeInfo);
        json.Flush();
        json.Reset(Stream.Null);
        s_writer = json;
    }

    public T Deserialize(ReadOnlySpan<byte> data) => System.Text.Json.JsonSerializer.Deserialize(data, _typeInfo)!;
}
