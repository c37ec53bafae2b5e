using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace OrleansStream.Kafka.Generator;

/// <summary>Turns the <c>*.schema</c> files among a project's additional files into messages and the list of APIs.</summary>
[Generator]
public sealed class SchemaGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor s_badSchema = new(
        "OSKAFKA001", "A Kafka schema cannot be used", "{0}", "OrleansStream.Kafka", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var files = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".schema", StringComparison.Ordinal))
            .Select(static (file, cancellation) => (file.Path, Text: file.GetText(cancellation)?.ToString() ?? ""));
        context.RegisterSourceOutput(files, static (output, file) => EmitMessages(output, file.Path, file.Text));
        var heads = files.Select(static (file, _) => FindHead(file.Path, file.Text)).Where(static head => head.Api is not null).Collect();
        context.RegisterSourceOutput(heads, static (output, found) => EmitCatalog(output, found));
    }

    private static void EmitMessages(SourceProductionContext output, string path, string text)
    {
        try
        {
            var api = SchemaParser.Parse(text);
            output.AddSource($"{api.Name}Request.g.cs", SourceOf(MessageEmitter.Emit(api, api.Request!, "request")));
            output.AddSource($"{api.Name}Response.g.cs", SourceOf(MessageEmitter.Emit(api, api.Response!, "response")));
        }
        catch (SchemaProblem problem)
        {
            output.ReportDiagnostic(Diagnostic.Create(s_badSchema, LineOf(path, text, problem.Line), problem.Message));
        }
    }

    private static (string Path, ApiHead? Api) FindHead(string path, string text)
    {
        try
        {
            var api = SchemaParser.Parse(text);
            return (path, new ApiHead(api.Key, api.Name, api.Versions, api.AdvertisedFrom, api.Flexible, api.HasPlainResponseHeader));
        }
        catch (SchemaProblem)
        {
            // Told where the messages are written.
            return (path, null);
        }
    }

    private static void EmitCatalog(SourceProductionContext output, ImmutableArray<(string Path, ApiHead? Api)> found)
    {
        foreach (var twice in found.GroupBy(head => head.Api!.Key).Where(group => group.Count() > 1))
        {
            var message = $"The API number {twice.Key} is used by {string.Join(" and ", twice.Select(head => head.Api!.Name))}.";
            output.ReportDiagnostic(Diagnostic.Create(s_badSchema, LineOf(twice.Last().Path, "", 0), message));
            return;
        }

        output.AddSource("ApiCatalog.g.cs", SourceOf(CatalogEmitter.Emit(found.Select(head => head.Api!))));
    }

    private static SourceText SourceOf(string code) => SourceText.From(code, System.Text.Encoding.UTF8);

    private static Location LineOf(string path, string text, int line)
    {
        var start = 0;
        for (var at = 0; at < line && start >= 0; at++)
        {
            start = text.IndexOf('\n', start) + 1;
        }

        var end = text.IndexOf('\n', start);
        var length = (end < 0 ? text.Length : end) - start;
        return Location.Create(path, new TextSpan(start, length), new LinePositionSpan(new LinePosition(line, 0), new LinePosition(line, length)));
    }
}
