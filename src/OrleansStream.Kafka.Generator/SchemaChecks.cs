using System.Globalization;

namespace OrleansStream.Kafka.Generator;

/// <summary>What must hold of a schema beyond its syntax, and the resolution of structs that are named again.</summary>
internal static class SchemaChecks
{
    /// <exception cref="SchemaProblem">Something does not hold.</exception>
    public static void Check(ApiSchema api)
    {
        if (api.Key < 0 || api.Versions.Equals(default) && api.Request is null)
        {
            throw new SchemaProblem(0, "A schema begins with 'api KEY NAME' and 'versions RANGE'.");
        }

        if (api.Versions.Last == VersionRange.Open)
        {
            throw new SchemaProblem(0, "The versions of an API have an end: 'versions 3-13'.");
        }

        if (api.Request is null || api.Response is null)
        {
            throw new SchemaProblem(0, $"{api.Name} needs a request and a response.");
        }

        api.AdvertisedFrom = api.AdvertisedFrom < 0 ? api.Versions.First : api.AdvertisedFrom;
        CheckMessage(api, api.Request);
        CheckMessage(api, api.Response);
    }

    private static void CheckMessage(ApiSchema api, StructSchema message)
    {
        var structs = new Dictionary<string, StructSchema>();
        CollectStructs(message, structs);
        CheckStruct(api, message, structs, api.Versions);
        foreach (var field in message.Fields.Where(field => structs.ContainsKey(field.Name)))
        {
            throw new SchemaProblem(field.Line, $"{message.Name} has a field and a struct of the name {field.Name}; rename the struct.");
        }
    }

    private static void CollectStructs(StructSchema owner, Dictionary<string, StructSchema> found)
    {
        foreach (var field in owner.Fields.Where(field => field.Struct is not null))
        {
            if (found.ContainsKey(field.Type))
            {
                throw new SchemaProblem(field.Line, $"The struct {field.Type} has its fields already; name it without repeating them.");
            }

            found[field.Type] = field.Struct!;
            CollectStructs(field.Struct!, found);
        }
    }

    private static void CheckStruct(ApiSchema api, StructSchema owner, Dictionary<string, StructSchema> structs, VersionRange within)
    {
        var names = new HashSet<string>();
        var tags = new HashSet<int>();
        foreach (var field in owner.Fields)
        {
            if (!names.Add(field.Name) || field.Name == owner.Name)
            {
                throw new SchemaProblem(field.Line, $"The name {field.Name} is used twice in {owner.Name}, or is that of {owner.Name} itself.");
            }

            if (field.IsTagged && !tags.Add(field.Tag))
            {
                throw new SchemaProblem(field.Line, $"The tag {field.Tag} is used twice in {owner.Name}.");
            }

            CheckField(api, field, structs, within);
            if (field.Struct is { } nested && !ReferenceEquals(nested, owner))
            {
                CheckStruct(api, nested, structs, within);
            }
        }
    }

    private static void CheckField(ApiSchema api, FieldSchema field, Dictionary<string, StructSchema> structs, VersionRange within)
    {
        var primitive = Primitives.Find(field.Type);
        if (primitive is null && field.Struct is null)
        {
            field.Struct = structs.TryGetValue(field.Type, out var known)
                ? known
                : throw new SchemaProblem(field.Line, $"There is no type '{field.Type}': {Primitives.Names}, or a struct whose fields are indented below one of its uses in the same message.");
        }

        if (!field.Versions.Overlaps(within))
        {
            throw new SchemaProblem(field.Line, $"{field.Name} is there in versions {field.Versions}, but {api.Name} has versions {within}.");
        }

        if (field.IsTagged && !api.Flexible.Overlaps(field.Versions))
        {
            throw new SchemaProblem(field.Line, $"{field.Name} has a tag, which only flexible versions ({api.Flexible}) know; it is there in versions {field.Versions}.");
        }

        if (field.IsNullable && !field.IsArray && primitive is not null && !primitive.DependsOnFlexible)
        {
            throw new SchemaProblem(field.Line, $"{field.Name} is of type {field.Type}, which cannot be null on the wire.");
        }

        if (field.IsStreamed && (!field.IsArray || field.IsNullable || field.IsTagged))
        {
            throw new SchemaProblem(field.Line, $"{field.Name} cannot be streamed: that is for arrays that are not null and have no tag.");
        }

        if (field.Default is not null && !IsDefaultOf(field, primitive))
        {
            throw new SchemaProblem(field.Line, $"'{field.Default}' is no default for {field.Name} of type {field.Type}.");
        }
    }

    private static bool IsDefaultOf(FieldSchema field, Primitive? primitive) => (field.Default, primitive?.Name) switch
    {
        ("null", _) => field.IsNullable,
        _ when field.IsArray => false,
        (var text, "bool") => text is "true" or "false",
        (var text, "int8" or "int16" or "uint16" or "int32" or "int64") => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        _ => false,
    };
}
