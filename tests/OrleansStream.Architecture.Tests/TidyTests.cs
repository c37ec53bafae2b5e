using System.Text.RegularExpressions;

namespace OrleansStream.Architecture.Tests;

/// <summary>House rules that a compiler does not check.</summary>
public partial class TidyTests
{
    private const int MaxFileLines = 500;

    private static readonly string[] s_sourceFolders = ["src", "tests", "samples"];

    [Fact]
    public void No_source_file_is_longer_than_it_should_be()
    {
        var tooLong =
            from file in Sources()
            let lines = File.ReadLines(file).Count()
            where lines > MaxFileLines
            select $"{Repository.Relative(file)} has {lines} lines; split it by state, protocol and lifecycle";

        Assert.Empty(tooLong);
    }

    [Fact]
    public void There_are_no_regions()
    {
        Assert.Empty(Sources().Where(f => RegionPattern().IsMatch(File.ReadAllText(f))).Select(Repository.Relative));
    }

    [Fact]
    public void File_access_in_the_rooms_goes_through_the_store_of_files()
    {
        var offenders =
            from file in Repository.Files("src", "*.cs")
            let path = Repository.Relative(file)
            where (path.StartsWith("src/OrleansStream.Storage/", StringComparison.Ordinal) && !path.Contains("/Files/", StringComparison.Ordinal))
                || path.StartsWith("src/OrleansStream.Server/", StringComparison.Ordinal)
                || path.StartsWith("src/OrleansStream.Client/", StringComparison.Ordinal)
                || path.StartsWith("src/OrleansStream.Abstractions/", StringComparison.Ordinal)
            from line in File.ReadLines(file)
            where FileAccessPattern().IsMatch(line)
            select $"{path}: {line.Trim()}";

        Assert.Empty(offenders);
    }

    [Fact]
    public void Event_ids_are_unique()
    {
        var ids =
            from file in Repository.Files("src", "*LogEvents.cs")
            from Match match in EventIdPattern().Matches(File.ReadAllText(file))
            select (Id: match.Groups["id"].Value, Name: $"{Repository.Relative(file)} {match.Groups["name"].Value}");
        var all = ids.ToArray();

        Assert.NotEmpty(all);
        Assert.Empty(all.GroupBy(e => e.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(e => e.Name))}"));
    }

    [Fact]
    public void Event_ids_come_from_the_tables()
    {
        Assert.Empty(
            from file in Repository.Files("src", "*.cs")
            where LiteralEventIdPattern().IsMatch(File.ReadAllText(file))
            select Repository.Relative(file));
    }

    [Fact]
    public void Server_code_stays_on_its_scheduler()
    {
        var offenders =
            from file in Repository.Files("src/OrleansStream.Server", "*Grain.cs")
            from line in File.ReadLines(file)
            where line.Contains("ConfigureAwait(false)", StringComparison.Ordinal) || line.Contains("Task.Run(", StringComparison.Ordinal)
            select $"{Repository.Relative(file)}: {line.Trim()}";

        Assert.Empty(offenders);
    }

    private static IEnumerable<string> Sources() => s_sourceFolders.SelectMany(folder => Repository.Files(folder, "*.cs"));

    [GeneratedRegex(@"^\s*#region\b", RegexOptions.Multiline)]
    private static partial Regex RegionPattern();

    [GeneratedRegex(@"(?<![\w.])(File|Directory|FileStream)\s*[.(]|new FileStream\b")]
    private static partial Regex FileAccessPattern();

    [GeneratedRegex(@"LoggerMessage\(\s*(EventId\s*=\s*)?\d")]
    private static partial Regex LiteralEventIdPattern();

    [GeneratedRegex(@"public const int (?<name>\w+) = (?<id>\d+);")]
    private static partial Regex EventIdPattern();
}
