using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Wire;

/// <summary>Reads a body of which only the description is known.</summary>
internal delegate IKafkaMessage ReadMessage(ref KafkaReader reader, short version);

/// <summary>What the schema says of an API as a whole.</summary>
/// <param name="Key">Its number.</param>
/// <param name="MinVersion">The first version that is implemented.</param>
/// <param name="MaxVersion">The last version.</param>
/// <param name="AdvertisedMinVersion">The first version that clients are told of.</param>
/// <param name="FirstFlexibleVersion">The first flexible version; larger than any when there is none.</param>
/// <param name="HasPlainResponseHeader">The response's header has no tagged fields in any version.</param>
/// <param name="ReadRequest">Reads the request's body.</param>
/// <param name="ReadResponse">Reads the response's body.</param>
internal sealed record ApiDescription(
    ApiKey Key,
    short MinVersion,
    short MaxVersion,
    short AdvertisedMinVersion,
    short FirstFlexibleVersion,
    bool HasPlainResponseHeader,
    ReadMessage ReadRequest,
    ReadMessage ReadResponse)
{
    public bool Supports(short version) => version >= MinVersion && version <= MaxVersion;

    public bool IsFlexible(short version) => version >= FirstFlexibleVersion;

    /// <summary>True when the response's header ends in tagged fields.</summary>
    public bool HasResponseTags(short version) => IsFlexible(version) && !HasPlainResponseHeader;
}
