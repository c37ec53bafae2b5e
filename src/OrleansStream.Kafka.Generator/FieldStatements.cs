namespace OrleansStream.Kafka.Generator;

/// <summary>Writes statements for the fields of a struct: those that every version may have, one by one, and then the tagged ones.</summary>
internal abstract class FieldStatements(CodeText code, ApiSchema api)
{
    protected CodeText Code => code;

    protected ApiSchema Api => api;

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

    /// <param name="tagged">The tagged fields, by tag; none for a struct that only passes over those of others.</param>
    protected abstract void EmitTags(FieldSchema[] tagged);

    protected abstract void EmitField(FieldSchema field);
}
