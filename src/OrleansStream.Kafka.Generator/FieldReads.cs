namespace OrleansStream.Kafka.Generator;

/// <summary>Writes the statements that read the fields of a struct.</summary>
internal sealed class FieldReads(CodeText code, ApiSchema api)
{
    public void Emit(StructSchema schema)
    {
        foreach (var field in schema.Fields.Where(field => !field.IsTagged))
        {
            var condition = MessageEmitter.Condition(field.Versions, api.Versions);
            code.OpenIf(condition);
            EmitField(field);
            code.CloseIf(condition);
        }

        if (!api.Flexible.Overlaps(api.Versions))
        {
            return;
        }

        code.Open("if (flexible)");
        EmitTags([.. schema.Fields.Where(field => field.IsTagged).OrderBy(field => field.Tag)]);
        code.Close();
    }

    private void EmitTags(FieldSchema[] tagged)
    {
        if (tagged.Length == 0)
        {
            code.Line("reader.SkipTags();");
            return;
        }

        code.Open("for (var tags = reader.ReadTagCount(); tags > 0; tags--)");
        code.Line("var tag = reader.BeginTag(out var end);");
        code.Open("switch (tag)");
        foreach (var field in tagged)
        {
            var condition = MessageEmitter.Condition(field.Versions, api.Versions);
            code.Line($"case {field.Tag}{(condition is null ? "" : $" when {condition}")}:");
            code.Open("");
            EmitField(field);
            code.Line("reader.EndTag(end);");
            code.Line("break;");
            code.Close();
        }

        code.Line("default:");
        code.Line("    reader.SkipTo(end);");
        code.Line("    break;");
        code.Close();
        code.Close();
    }

    private void EmitField(FieldSchema field)
    {
        var target = $"message.{field.Name}";
        if (!field.IsArray)
        {
            code.Line($"{target} = {Choose(field, ReadOne(field, isNullable: true), ReadOne(field, isNullable: false))};");
            return;
        }

        code.Open("");
        var length = Choose(field, "reader.ReadNullableArrayLength(flexible)", "reader.ReadArrayLength(flexible)");
        code.Line($"var length = {length};");
        if (field.IsNullable)
        {
            code.Open("if (length < 0)");
            code.Line($"{target} = null;");
            code.Close();
            code.Open("else");
        }

        code.Line($"var items = length == 0 ? [] : new {MessageEmitter.ElementOf(field)}[length];");
        code.Open("for (var at = 0; at < items.Length; at++)");
        code.Line($"items[at] = {ReadOne(field, isNullable: false)};");
        code.Close();
        code.Line();
        code.Line($"{target} = items;");
        if (field.IsNullable)
        {
            code.Close();
        }

        code.Close();
    }

    private string Choose(FieldSchema field, string nullable, string plain)
    {
        if (!field.IsNullable || !field.Nullable.Overlaps(api.Versions))
        {
            return plain;
        }

        var condition = MessageEmitter.Condition(field.Nullable, api.Versions);
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
