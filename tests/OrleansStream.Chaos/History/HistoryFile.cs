using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansStream.Chaos.History;

/// <summary>Histories as files: one operation a line, in JSON.</summary>
public static class HistoryFile
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutAbsentNumbers } },
    };

    /// <summary>Reads a whole history.</summary>
    public static IReadOnlyList<Operation> Read(string path) =>
        [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<Operation>(line, s_json)!)];

    /// <summary>One line, without its end.</summary>
    public static string Line(Operation operation) => JsonSerializer.Serialize(operation, s_json);

    /// <summary>The opposite of <see cref="Line"/>.</summary>
    public static Operation Parse(string line) => JsonSerializer.Deserialize<Operation>(line, s_json)!;

    /// <summary>Most lines have few of the numbers, and -1 says no more than nothing does.</summary>
    private static void LeaveOutAbsentNumbers(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.PropertyType == typeof(long) || property.PropertyType == typeof(int))
            {
                property.ShouldSerialize = static (_, value) => value is not (-1 or -1L);
            }
        }
    }
}
