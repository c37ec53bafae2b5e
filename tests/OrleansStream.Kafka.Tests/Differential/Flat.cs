using System.Collections;
using System.Globalization;
using System.Reflection;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>A message as lines of <c>path = value</c>, so that two can be compared field by field.</summary>
internal static class Flat
{
    /// <summary>The offset, the length and the leader epoch in front of a batch, which brokers write.</summary>
    private const int BrokerBytes = 16;

    public static SortedDictionary<string, string> Of(object message)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(lines, "", message);
        return lines;
    }

    private static void Add(SortedDictionary<string, string> lines, string path, object? value)
    {
        switch (value)
        {
            case null:
                lines[path] = "null";
                break;
            case string or Guid or bool:
                lines[path] = $"{value}";
                break;
            case ReadOnlyMemory<byte> bytes:
                lines[path] = bytes.Length > BrokerBytes
                    ? $"{bytes.Length} bytes: {Convert.ToHexString(bytes.Span[..8])} … {Convert.ToHexString(bytes.Span[BrokerBytes..])}"
                    : Convert.ToHexString(bytes.Span);
                break;
            case IEnumerable items:
                var at = 0;
                foreach (var item in items)
                {
                    Add(lines, $"{path}[{at++}]", item);
                }

                lines[$"{path}.Count"] = at.ToString(CultureInfo.InvariantCulture);
                break;
            case IFormattable number:
                lines[path] = number.ToString(null, CultureInfo.InvariantCulture);
                break;
            default:
                foreach (var property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
                {
                    Add(lines, path.Length == 0 ? property.Name : $"{path}.{property.Name}", property.GetValue(value));
                }

                break;
        }
    }
}
