using System.Text.Json.Serialization;

namespace OrleansStream.Storage;

/// <summary>How a topic's settings are written, in every catalog alike.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class CatalogJson : JsonSerializerContext;
