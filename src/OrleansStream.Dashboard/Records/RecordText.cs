using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansStream.Dashboard.Records;

/// <summary>Records as JSON lines, for whoever takes them elsewhere.</summary>
internal static class RecordText
{
    /// <summary>One line a record; bytes that are no text are told in base 64.</summary>
    public static byte[] JsonLines(string topic, IEnumerable<BrowsedRecord> records)
    {
        using var output = new MemoryStream();
        foreach (var record in records)
        {
            using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                json.WriteStartObject();
                json.WriteString("topic", topic);
                json.WriteNumber("partition", record.Partition);
                json.WriteNumber("offset", record.Offset);
                json.WriteString("timestamp", record.Timestamp);
                Write(json, "key", record.KeyView, record.Key);
                Write(json, "value", record.ValueView, record.Value);
                json.WriteStartArray("headers");
                foreach (var header in record.Headers)
                {
                    json.WriteStartObject();
                    json.WriteString("key", header.Key);
                    var bytes = header.Value?.ToArray();
                    Write(json, "value", Payload.Of(bytes), bytes);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            output.WriteByte((byte)'\n');
        }

        return output.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string name, Payload payload, byte[]? bytes)
    {
        switch (payload.Kind)
        {
            case PayloadKind.Null:
                json.WriteNull(name);
                break;
            case PayloadKind.Json:
                json.WritePropertyName(name);
                json.WriteRawValue(bytes);
                break;
            case PayloadKind.Binary:
                json.WriteBase64String($"{name}Base64", bytes);
                break;
            default:
                json.WriteString(name, payload.Text);
                break;
        }
    }
}
