using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace OrleansStream.Storage.Postgres.Schema;

/// <summary>One step of a family, <c>db/FAMILY/NNNN-what-it-adds.sql</c>; once released, it never changes.</summary>
/// <param name="Version">The version that the family has after it: NNNN.</param>
/// <param name="Path">Where the file lies in the source, to be named in errors.</param>
/// <param name="Sql">Its text.</param>
internal sealed partial record SchemaScript(int Version, string Path, string Sql)
{
    /// <summary>The scripts of a family in their order, from 1 without gaps.</summary>
    public static IReadOnlyList<SchemaScript> Of(SchemaFamily family)
    {
        var assembly = typeof(SchemaScript).Assembly;
        SchemaScript[] scripts =
        [
            .. from resource in assembly.GetManifestResourceNames()
               let path = resource.Replace('\\', '/')
               let match = NamePattern().Match(path)
               where match.Success && match.Groups["family"].Value == Name(family)
               let version = int.Parse(match.Groups["version"].Value, CultureInfo.InvariantCulture)
               orderby version
               select new SchemaScript(version, path, Read(assembly, resource)),
        ];
        var misplaced = scripts.Where((script, index) => script.Version != index + 1).FirstOrDefault();
        return misplaced is null
            ? scripts
            : throw new InvalidOperationException($"{misplaced.Path} is out of order: the scripts of a family are numbered from 1 without gaps.");
    }

    /// <summary>The family's name in the folder, and in the table of versions.</summary>
    public static string Name(SchemaFamily family) => family switch
    {
        SchemaFamily.Cluster => "cluster",
        SchemaFamily.Logs => "logs",
        _ => throw new ArgumentOutOfRangeException(nameof(family)),
    };

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^db/(?<family>[a-z]+)/(?<version>\d{4})-[a-z0-9-]+\.sql$")]
    private static partial Regex NamePattern();
}
