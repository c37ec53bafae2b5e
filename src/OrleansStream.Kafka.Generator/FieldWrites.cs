namespace OrleansStream.Kafka.Generator;

/// <summary>Writes the statements that write the fields of a struct.</summary>
internal sealed class FieldWrites(CodeText code, ApiSchema api)
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
            code.Line("writer.WriteTagCount(0);");
            return;
        }

        var counts = tagged.Select(field => $"({IsSent(field)} ? 1 : 0)");
        code.Line($"writer.WriteTagCount({string.Join(" + ", counts)});");
        foreach (var field in tagged)
        {
            code.Open($"if ({IsSent(field)})");
            code.Line($"var start = writer.BeginTag({field.Tag});");
            EmitField(field);
            code.Line("writer.EndTag(start);");
            code.Close();
        }
    }

    private string IsSent(FieldSchema field)
    {
        var condition = MessageEmitter.Condition(field.Versions, api.Versions);
        return condition is null ? IsNotDefault(field) : $"({condition} && {IsNotDefault(field)})";
    }

    private static string IsNotDefault(FieldSchema field) => field switch
    {
        { Default: "null" } => $"{field.Name} is not null",
        { IsOptionalStruct: true } => $"{field.Name} is not null",
        { IsArray: true } => $"{field.Name} is not {{ Length: 0 }}",
        { Type: "string" } => $"{field.Name} is not \"\"",
        { Type: "bytes" or "records" } => $"!{field.Name}{(field.IsNullable ? "?" : "")}.IsEmpty",
        { Type: "bool" } => field.Default == "true" ? $"!{field.Name}" : field.Name,
        _ => $"{field.Name} != {field.Default ?? "default"}",
    };

    private void EmitField(FieldSchema field)
    {
        var canBeNull = (field.IsNullable && field.Nullable.Overlaps(api.Versions)) || field.IsOptionalStruct;
        var nullableIn = canBeNull && field.IsNullable ? MessageEmitter.Condition(field.Nullable, api.Versions) : null;
        if (!field.IsNullable)
        {
            EmitValue(field, field.Name, isNullable: false);
        }
        else if (!canBeNull)
        {
            EmitValue(field, Present(field), isNullable: false);
        }
        else if (nullableIn is null)
        {
            EmitValue(field, field.Name, isNullable: true);
        }
        else
        {
            code.Open($"if ({nullableIn})");
            EmitValue(field, field.Name, isNullable: true);
            code.Close();
            code.Open("else");
            EmitValue(field, Present(field), isNullable: false);
            code.Close();
        }
    }

    private void EmitValue(FieldSchema field, string value, bool isNullable)
    {
        var primitive = Primitives.Find(field.Type);
        if (field.IsArray)
        {
            code.Open("");
            code.Line($"var items = {value};");
            code.Line($"writer.Write{(isNullable ? "Nullable" : "")}ArrayLength(items{(isNullable ? "?" : "")}.Length{(isNullable ? " ?? -1" : "")}, flexible);");
            code.Open($"foreach (var item in items{(isNullable ? " ?? []" : "")})");
            code.Line(primitive is null ? "item.Write(writer, version);" : $"writer.Write{primitive.Method}(item{Flexible(primitive)});");
            code.Close();
            code.Close();
        }
        else if (primitive is not null)
        {
            code.Line($"writer.Write{(isNullable ? "Nullable" : "")}{primitive.Method}({value}{Flexible(primitive)});");
        }
        else
        {
            if (isNullable)
            {
                code.Line($"writer.WriteIsPresent({value} is not null);");
            }

            code.Line($"{(isNullable || !field.IsOptionalStruct ? value : value + "!")}{(isNullable ? "?" : "")}.Write(writer, version);");
        }
    }

    private static string Present(FieldSchema field) => $"({field.Name} ?? throw KafkaWriter.Absent(nameof({field.Name}), version))";

    private static string Flexible(Primitive primitive) => primitive.DependsOnFlexible ? ", flexible" : "";
}
