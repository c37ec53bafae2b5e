using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using OrleansStream.Kafka.Generator;

namespace OrleansStream.Kafka.Tests.Messages;

/// <summary>What the generator says to schemas that are none.</summary>
public class SchemaTests
{
    [Theory]
    [InlineData("    Name: strin 2+", 5, "There is no type 'strin'")]
    [InlineData("    Name string", 5, "A field is written as")]
    [InlineData("    Name: int32 nullable", 5, "cannot be null on the wire")]
    [InlineData("    Name: int32 = many", 5, "'many' is no default")]
    [InlineData("    Name: int32 tag 0 0-1", 5, "only flexible versions")]
    [InlineData("    Name: int32 7+", 5, "is there in versions 7+")]
    [InlineData("    Name: int32\n    Name: int64", 6, "used twice")]
    [InlineData("      Name: int32", 5, "Expected 4 blanks")]
    [InlineData("    Name: int32\n        Inner: int32", 6, "which has no fields")]
    [InlineData("    name: int32", 5, "a capital letter")]
    [InlineData("    Names: []string\n    Items: []Names\n        Inner: int8", 5, "rename the struct")]
    public void A_mistake_is_an_error_at_its_line(string fields, int line, string message)
    {
        var error = Assert.Single(Run($"api 99 Sample\nversions 0-3\nflexible 2+\n\nrequest\n{fields}\nresponse\n"));

        Assert.Equal("OSKAFKA001", error.Id);
        Assert.Equal("Sample.schema", error.Location.GetLineSpan().Path);
        Assert.Equal(line, error.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Contains(message, error.GetMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("versions 0-3\nrequest\nresponse\n", "A schema begins with")]
    [InlineData("api 99 Sample\nversions 0+\nrequest\nresponse\n", "have an end")]
    [InlineData("api 99 Sample\nversions 0-3\nrequest\n", "needs a request and a response")]
    [InlineData("api 99 Sample\nversion 0-3\n", "is no directive")]
    public void A_schema_that_is_not_whole_is_an_error(string text, string message)
    {
        Assert.Contains(message, Assert.Single(Run(text)).GetMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sound_schema_gives_code_and_no_error()
    {
        Assert.Empty(Run("api 99 Sample\nversions 0-3\nflexible none\nrequest\n    Name: string\nresponse\n    Items: []Item\n        Value: int8\n"));
    }

    private static ImmutableArray<Diagnostic> Run(string schema)
    {
        var driver = CSharpGeneratorDriver.Create(new SchemaGenerator()).AddAdditionalTexts([new SchemaFile(schema)]);
        return driver.RunGenerators(CSharpCompilation.Create("Sample")).GetRunResult().Diagnostics;
    }

    private sealed class SchemaFile(string text) : AdditionalText
    {
        public override string Path => "Sample.schema";

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
