namespace OrleansStream.Kafka.Generator;

/// <summary>One schema file: an API with its request and its response.</summary>
internal sealed class ApiSchema
{
    public int Key { get; set; } = -1;

    public string Name { get; set; } = "";

    public VersionRange Versions { get; set; }

    /// <summary>The lowest version that clients are told; lower than <see cref="Versions"/> where they draw conclusions from it.</summary>
    public int AdvertisedFrom { get; set; } = -1;

    public VersionRange Flexible { get; set; } = VersionRange.None;

    /// <summary>The response's header has no tagged fields in any version.</summary>
    public bool HasPlainResponseHeader { get; set; }

    public StructSchema? Request { get; set; }

    public StructSchema? Response { get; set; }
}

/// <summary>A group of fields: a message, or a part of one.</summary>
internal sealed class StructSchema(string name)
{
    public string Name => name;

    public List<FieldSchema> Fields { get; } = [];
}

/// <summary>One field.</summary>
internal sealed class FieldSchema
{
    public string Name { get; set; } = "";

    /// <summary>The type's name, of the elements if it is an array.</summary>
    public string Type { get; set; } = "";

    public bool IsArray { get; set; }

    public VersionRange Versions { get; set; } = VersionRange.All;

    public VersionRange Nullable { get; set; } = VersionRange.None;

    /// <summary>The tag, or -1 for a field with a place of its own.</summary>
    public int Tag { get; set; } = -1;

    public string? Default { get; set; }

    /// <summary>The fields of the type, when it is no primitive.</summary>
    public StructSchema? Struct { get; set; }

    /// <summary>The elements may be made one by one while they are written, so the property is a collection rather than an array.</summary>
    public bool IsStreamed { get; set; }

    public int Line { get; set; }

    public bool IsNullable => !Nullable.Equals(VersionRange.None);

    public bool IsTagged => Tag >= 0;

    /// <summary>The wire omits a tagged struct that is all defaults, and null stands for it here.</summary>
    public bool IsOptionalStruct => IsTagged && Struct is not null && !IsArray;
}
