using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OrleansStream.Cli.Cluster;
using OrleansStream.Cli.Groups;
using OrleansStream.Cli.Load;
using OrleansStream.Cli.Topics;

namespace OrleansStream.Cli.Output;

/// <summary>The JSON that programs read. Its names are part of the command line's contract: they may be added to, not changed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TopicRow))]
[JsonSerializable(typeof(TopicDetails))]
[JsonSerializable(typeof(GroupRow))]
[JsonSerializable(typeof(GroupDetails))]
[JsonSerializable(typeof(OffsetChange))]
[JsonSerializable(typeof(ClusterDetails))]
[JsonSerializable(typeof(MoveRow))]
[JsonSerializable(typeof(ClusterStats))]
[JsonSerializable(typeof(SegmentRow))]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class JsonOutput : JsonSerializerContext;

/// <summary>Writes JSON to standard output.</summary>
internal static class Json
{
    /// <summary>The contract with the letters of all languages left as they are.</summary>
    public static JsonOutput Readable { get; } =
        new(new JsonSerializerOptions(JsonOutput.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes one value to standard output.</summary>
    public static void Write<T>(T value, JsonTypeInfo<T> json)
    {
        using var output = new StandardOutput();
        output.Write(JsonSerializer.SerializeToUtf8Bytes(value, json));
        output.Write("\n"u8);
    }
}
