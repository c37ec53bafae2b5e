using System.Collections;
using System.Globalization;
using System.Reflection;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>A message as lines of <c>path = value</c>, so that two can be compared field by field.</summary>
internal static class Flat
{
    /// <summary>The offset, the length and the leader epoch in front of a batch, which brokers write.</summary>
    private const int BrokerBytes = 16;

    /// <param name="message">The message.</param>
    /// <param name="name">For answers whose lists have no order: puts what is the same everywhere in the place of random names. Null for other answers.</param>
    public static SortedDictionary<string, string> Of(object message, Func<string, string>? name = null)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(lines, "", message, name);
        return lines;
    }

    private static void Add(SortedDictionary<string, string> lines, string path, object? value, Func<string, string>? name)
    {
        switch (value)
        {
            case null:
                lines[path] = "null";
                break;
            case string text:
                lines[path] = name?.Invoke(text) ?? text;
                break;
            case Guid or bool:
                lines[path] = $"{value}";
                break;
            case ReadOnlyMemory<byte> bytes:
                lines[path] = bytes.Length > BrokerBytes
                    ? $"{bytes.Length} bytes: {Convert.ToHexString(bytes.Span[..8])} … {Convert.ToHexString(bytes.Span[BrokerBytes..])}"
                    : Convert.ToHexString(bytes.Span);
                break;
            case IEnumerable items:
                var at = 0;
                foreach (var item in name is null ? items : items.Cast<object>().OrderBy(Text, StringComparer.Ordinal))
                {
                    Add(lines, $"{path}[{at++}]", item, name);
                }

                lines[$"{path}.Count"] = at.ToString(CultureInfo.InvariantCulture);
                break;
            case IFormattable number:
                lines[path] = number.ToString(null, CultureInfo.InvariantCulture);
                break;
            default:
                foreach (var property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
                {
                    Add(lines, path.Length == 0 ? property.Name : $"{path}.{property.Name}", property.GetValue(value), name);
                }

                break;
        }

        string Text(object item) => string.Join('\n', Of(item, name).Select(line => $"{line.Key}={line.Value}"));
    }
}
