namespace OrleansStream.Kafka.Generator;

/// <summary>Writes the statements that write the fields of a struct.</summary>
internal sealed class FieldWrites(CodeText code, ApiSchema api) : FieldStatements(code, api)
{
    protected override void EmitTags(FieldSchema[] tagged)
    {
        if (tagged.Length == 0)
        {
            Code.Line("writer.WriteTagCount(0);");
            return;
        }

        var counts = tagged.Select(field => $"({IsSent(field)} ? 1 : 0)");
        Code.Line($"writer.WriteTagCount({string.Join(" + ", counts)});");
        foreach (var field in tagged)
        {
            Code.Open($"if ({IsSent(field)})");
            Code.Line($"var start = writer.BeginTag({field.Tag});");
            EmitField(field);
            Code.Line("writer.EndTag(start);");
            Code.Close();
        }
    }

    private string IsSent(FieldSchema field)
    {
        var condition = MessageEmitter.Condition(field.Versions, Api.Versions);
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

    protected override void EmitField(FieldSchema field)
    {
        var canBeNull = (field.IsNullable && field.Nullable.Overlaps(Api.Versions)) || field.IsOptionalStruct;
        var nullableIn = canBeNull && field.IsNullable ? MessageEmitter.Condition(field.Nullable, Api.Versions) : null;
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
            Code.Open($"if ({nullableIn})");
            EmitValue(field, field.Name, isNullable: true);
            Code.Close();
            Code.Open("else");
            EmitValue(field, Present(field), isNullable: false);
            Code.Close();
        }
    }

    private void EmitValue(FieldSchema field, string value, bool isNullable)
    {
        var primitive = Primitives.Find(field.Type);
        if (field.IsArray)
        {
            Code.Open("");
            Code.Line($"var items = {value};");
            Code.Line($"writer.Write{(isNullable ? "Nullable" : "")}ArrayLength(items{(isNullable ? "?" : "")}.{(field.IsStreamed ? "Count" : "Length")}{(isNullable ? " ?? -1" : "")}, flexible);");
            Code.Open($"foreach (var item in items{(isNullable ? " ?? []" : "")})");
            Code.Line(primitive is null ? "item.Write(writer, version);" : $"writer.Write{primitive.Method}(item{Flexible(primitive)});");
            Code.Close();
            Code.Close();
        }
        else if (primitive is not null)
        {
            Code.Line($"writer.Write{(isNullable ? "Nullable" : "")}{primitive.Method}({value}{Flexible(primitive)});");
        }
        else
        {
            if (isNullable)
            {
                Code.Line($"writer.WriteIsPresent({value} is not null);");
            }

            Code.Line($"{(isNullable || !field.IsOptionalStruct ? value : value + "!")}{(isNullable ? "?" : "")}.Write(writer, version);");
        }
    }

    private static string Present(FieldSchema field) => $"({field.Name} ?? throw KafkaWriter.Absent(nameof({field.Name}), version))";

    private static string Flexible(Primitive primitive) => primitive.DependsOnFlexible ? ", flexible" : "";
}
