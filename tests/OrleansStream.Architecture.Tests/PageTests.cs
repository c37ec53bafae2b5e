using System.Text.RegularExpressions;

namespace OrleansStream.Architecture.Tests;

/// <summary>What the pages say must be there.</summary>
public partial class PageTests
{
    public static TheoryData<string> Pages =>
        new(Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Repository.Files("docs", "*.md"))
            .Select(Repository.Relative));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_to_files_resolve(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        var broken =
            from Match match in LinkPattern().Matches(File.ReadAllText(Path.Combine(Repository.Root, page)))
            let target = match.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal)
            let path = Path.GetFullPath(Path.Combine(folder, target))
            where !File.Exists(path) && !Directory.Exists(path)
            select target;

        Assert.Empty(broken);
    }

    [Fact]
    public void Invariants_cited_in_code_are_defined_in_the_architecture_page()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));
        var cited = Repository.Files("src", "*.cs")
            .SelectMany(f => CitationPattern().Matches(File.ReadAllText(f)).Select(m => m.Groups["id"].Value))
            .Distinct()
            .ToArray();

        Assert.NotEmpty(cited);
        Assert.All(cited, id => Assert.Contains($"**{id}**", page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_architecture_page_stays_short()
    {
        Assert.InRange(File.ReadLines(Path.Combine(Repository.Root, "ARCHITECTURE.md")).Count(), 50, 300);
    }

    [Fact]
    public void Code_in_the_readme_is_code_that_the_samples_compile()
    {
        var samples = Repository.Files("samples", "*.cs").Select(f => Squeeze(File.ReadAllText(f))).ToArray();
        var blocks = CodeBlockPattern().Matches(File.ReadAllText(Path.Combine(Repository.Root, "README.md")))
            .Select(m => m.Groups["code"].Value)
            .ToArray();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(samples, sample => sample.Contains(Squeeze(block), StringComparison.Ordinal)));
    }

    private static string Squeeze(string code) => WhiteSpacePattern().Replace(code, " ").Trim();

    [GeneratedRegex(@"```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlockPattern();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpacePattern();

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex LinkPattern();

    [GeneratedRegex(@"\binvariants? (?<id>I\d)|\b(?<id>I[1-8])\b broken|\((?<id>I[1-8])\)")]
    private static partial Regex CitationPattern();
}
