namespace OrleansStream.Client.Serialization;

/// <summary>
/// The type of keys or values that there are none of: <c>IProducer&lt;Null, string&gt;</c> writes records without keys, and a
/// consumer of <c>&lt;Null, string&gt;</c> ignores keys without reading them. Its only value is null.
/// </summary>
public sealed class Null
{
    private Null()
    {
    }
}
