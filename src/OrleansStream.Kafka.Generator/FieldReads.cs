namespace OrleansStream.Kafka.Generator;

/// <summary>Writes the statements that read the fields of a struct.</summary>
internal sealed class FieldReads(CodeText code, ApiSchema api) : FieldStatements(code, api)
{
    protected override void EmitTags(FieldSchema[] tagged)
    {
        if (tagged.Length == 0)
        {
            Code.Line("reader.SkipTags();");
            return;
        }

        Code.Open("for (var tags = reader.ReadTagCount(); tags > 0; tags--)");
        Code.Line("var tag = reader.BeginTag(out var end);");
        Code.Open("switch (tag)");
        foreach (var field in tagged)
        {
            var condition = MessageEmitter.Condition(field.Versions, Api.Versions);
            Code.Line($"case {field.Tag}{(condition is null ? "" : $" when {condition}")}:");
            Code.Open("");
            EmitField(field);
            Code.Line("reader.EndTag(end);");
            Code.Line("break;");
            Code.Close();
        }

        Code.Line("default:");
        Code.Line("    reader.SkipTo(end);");
        Code.Line("    break;");
        Code.Close();
        Code.Close();
    }

    protected override void EmitField(FieldSchema field)
    {
        var target = $"message.{field.Name}";
        if (!field.IsArray)
        {
            Code.Line($"{target} = {Choose(field, ReadOne(field, isNullable: true), ReadOne(field, isNullable: false))};");
            return;
        }

        Code.Open("");
        var arguments = $"(flexible, {MemorySizes.OfElement(field)})";
        var length = Choose(field, "reader.ReadNullableArrayLength" + arguments, "reader.ReadArrayLength" + arguments);
        Code.Line($"var length = {length};");
        if (field.IsNullable)
        {
            Code.Open("if (length < 0)");
            Code.Line($"{target} = null;");
            Code.Close();
            Code.Open("else");
        }

        Code.Line($"var items = length == 0 ? [] : new {MessageEmitter.ElementOf(field)}[length];");
        Code.Open("for (var at = 0; at < items.Length; at++)");
        Code.Line($"items[at] = {ReadOne(field, isNullable: false)};");
        Code.Close();
        Code.Line();
        Code.Line($"{target} = items;");
        if (field.IsNullable)
        {
            Code.Close();
        }

        Code.Close();
    }

    private string Choose(FieldSchema field, string nullable, string plain)
    {
        if (!field.IsNullable || !field.Nullable.Overlaps(Api.Versions))
        {
            return plain;
        }

        var condition = MessageEmitter.Condition(field.Nullable, Api.Versions);
        return condition is null ? nullable : $"{condition} ? {nullable} : {plain}";
    }

    private static string ReadOne(FieldSchema field, bool isNullable)
    {
        var primitive = Primitives.Find(field.Type);
        if (primitive is null)
        {
            var read = $"{field.Type}.Read(ref reader, version)";
            return isNullable ? $"reader.ReadIsPresent() ? {read} : null" : read;
        }

        return $"reader.Read{(isNullable ? "Nullable" : "")}{primitive.Method}({(primitive.DependsOnFlexible ? "flexible" : "")})";
    }
}
