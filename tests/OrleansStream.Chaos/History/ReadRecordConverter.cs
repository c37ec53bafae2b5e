using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansStream.Chaos.History;

/// <summary>Writes a <see cref="ReadRecord"/> as <c>[offset, value, epoch]</c>.</summary>
internal sealed class ReadRecordConverter : JsonConverter<ReadRecord>
{
    public override ReadRecord Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Span<long> numbers = stackalloc long[3];
        for (var i = 0; i < numbers.Length; i++)
        {
            reader.Read();
            numbers[i] = reader.GetInt64();
        }

        reader.Read();
        return new ReadRecord(numbers[0], numbers[1], (int)numbers[2]);
    }

    public override void Write(Utf8JsonWriter writer, ReadRecord value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.Offset);
        writer.WriteNumberValue(value.Value);
        writer.WriteNumberValue(value.LeaderEpoch);
        writer.WriteEndArray();
    }
}
