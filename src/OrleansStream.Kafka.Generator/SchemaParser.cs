using System.Globalization;

namespace OrleansStream.Kafka.Generator;

/// <summary>
/// Reads a schema file. The format is described at the top of Schemas/ApiVersions.schema. The first problem ends the reading.
/// </summary>
internal sealed class SchemaParser
{
    private const int Indent = 4;

    private readonly ApiSchema _api = new();
    private readonly string[] _lines;
    private int _at;

    private SchemaParser(string text)
    {
        _lines = text.Split('\n');
    }

    /// <exception cref="SchemaProblem">The file is not a schema.</exception>
    public static ApiSchema Parse(string text)
    {
        var parser = new SchemaParser(text);
        parser.ParseFile();
        SchemaChecks.Check(parser._api);
        return parser._api;
    }

    private void ParseFile()
    {
        while (Peek() is { } words)
        {
            if (IndentOf(_lines[_at]) != 0)
            {
                throw Problem("Expected a line that is not indented: api, versions, flexible, advertised-from, plain-response-header, request or response.");
            }

            var line = _at++;
            switch (words[0])
            {
                case "api" when words.Length == 3:
                    _api.Key = Number(words[1], line);
                    _api.Name = Name(words[2], line);
                    break;
                case "versions" when words.Length == 2:
                    _api.Versions = Range(words[1], line);
                    break;
                case "advertised-from" when words.Length == 2:
                    _api.AdvertisedFrom = Number(words[1], line);
                    break;
                case "flexible" when words.Length == 2:
                    _api.Flexible = words[1] == "none" ? VersionRange.None : Range(words[1], line);
                    break;
                case "plain-response-header" when words.Length == 1:
                    _api.HasPlainResponseHeader = true;
                    break;
                case "request" when words.Length == 1 && _api.Request is null:
                    _api.Request = ParseStruct(_api.Name + "Request", 1);
                    break;
                case "response" when words.Length == 1 && _api.Response is null:
                    _api.Response = ParseStruct(_api.Name + "Response", 1);
                    break;
                default:
                    throw new SchemaProblem(line, $"'{_lines[line].Trim()}' is no directive: api KEY NAME, versions RANGE, flexible RANGE or none, "
                        + "advertised-from VERSION, plain-response-header, request, response, each once.");
            }
        }
    }

    private StructSchema ParseStruct(string name, int depth)
    {
        var schema = new StructSchema(name);
        while (Peek() is { } words && IndentOf(_lines[_at]) >= depth * Indent)
        {
            if (IndentOf(_lines[_at]) != depth * Indent)
            {
                throw Problem($"Expected {depth * Indent} blanks in front of a field of {name}.");
            }

            var line = _at++;
            var field = ParseField(words, line);
            if (Peek() is not null && IndentOf(_lines[_at]) > depth * Indent)
            {
                if (Primitives.Find(field.Type) is not null)
                {
                    throw Problem($"{field.Name} is of type {field.Type}, which has no fields.");
                }

                field.Struct = ParseStruct(field.Type, depth + 1);
            }

            schema.Fields.Add(field);
        }

        return schema;
    }

    private static FieldSchema ParseField(string[] words, int line)
    {
        if (words.Length < 2 || !words[0].EndsWith(":", StringComparison.Ordinal))
        {
            throw new SchemaProblem(line, "A field is written as 'Name: type', then its versions, 'nullable', 'tag N' and '= default' where they apply.");
        }

        var field = new FieldSchema { Name = Name(words[0].Substring(0, words[0].Length - 1), line), Line = line };
        ParseType(field, words[1]);
        for (var at = 2; at < words.Length; at++)
        {
            switch (words[at])
            {
                case "nullable":
                    // The versions may follow; without them it is nullable wherever it is there.
                    field.Nullable = at + 1 < words.Length && VersionRange.TryParse(words[at + 1], out var nullable) ? nullable : VersionRange.All;
                    at += field.Nullable.Equals(VersionRange.All) ? 0 : 1;
                    break;
                case "streamed":
                    field.IsStreamed = true;
                    break;
                case "tag" when at + 1 < words.Length:
                    field.Tag = Number(words[++at], line);
                    break;
                case "=" when at + 1 < words.Length:
                    field.Default = words[++at];
                    break;
                default:
                    field.Versions = Range(words[at], line);
                    break;
            }
        }

        return field;
    }

    private static void ParseType(FieldSchema field, string type)
    {
        field.IsArray = type.StartsWith("[]", StringComparison.Ordinal);
        field.Type = field.IsArray ? type.Substring(2) : type;
    }

    /// <summary>The words of the next line that has any; comments and empty lines are passed over.</summary>
    private string[]? Peek()
    {
        for (; _at < _lines.Length; _at++)
        {
            var comment = _lines[_at].IndexOf('#');
            var text = comment < 0 ? _lines[_at] : _lines[_at].Substring(0, comment);
            var words = text.Split([' ', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0)
            {
                return words;
            }
        }

        return null;
    }

    private static int IndentOf(string line) => line.Length - line.TrimStart(' ').Length;

    private static VersionRange Range(string text, int line) => VersionRange.TryParse(text, out var range)
        ? range
        : throw new SchemaProblem(line, $"'{text}' is no range of versions, as '3', '3+' or '3-13' are.");

    private static int Number(string text, int line) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < short.MaxValue
            ? number
            : throw new SchemaProblem(line, $"'{text}' is not a number from 0 to {short.MaxValue - 1}.");

    private static string Name(string text, int line) => text.Length > 0 && char.IsUpper(text[0]) && text.All(char.IsLetterOrDigit)
        ? text
        : throw new SchemaProblem(line, $"'{text}' is no name: a capital letter, then letters and digits.");

    private SchemaProblem Problem(string message) => new(_at, message);
}
