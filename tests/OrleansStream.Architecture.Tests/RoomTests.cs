using System.Xml.Linq;

namespace OrleansStream.Architecture.Tests;

/// <summary>Edges call grains, grains call the log, the log calls files or SQL; nothing points back, only Host knows everybody.</summary>
public class RoomTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["OrleansStream.Abstractions"] = [],
        ["OrleansStream.Storage"] = ["OrleansStream.Abstractions"],
        ["OrleansStream.Storage.Postgres"] = ["OrleansStream.Abstractions", "OrleansStream.Storage"],
        ["OrleansStream.Server"] = ["OrleansStream.Abstractions", "OrleansStream.Storage"],
        ["OrleansStream.Client"] = ["OrleansStream.Abstractions"],
        ["OrleansStream.Client.Postgres"] = ["OrleansStream.Client"],
        ["OrleansStream.Testing"] = ["OrleansStream.Client", "OrleansStream.Server"],
        ["OrleansStream.Kafka"] = ["OrleansStream.Server", "OrleansStream.Kafka.Generator"],
        ["OrleansStream.Kafka.Generator"] = [],
        ["OrleansStream.Cli"] = ["OrleansStream.Client"],
        ["OrleansStream.Dashboard"] = ["OrleansStream.Client"],
        ["OrleansStream.Host"] = ["OrleansStream.Client", "OrleansStream.Dashboard", "OrleansStream.Kafka", "OrleansStream.Server", "OrleansStream.Storage.Postgres"],
    };

    [Fact]
    public void Every_room_refers_only_to_the_rooms_it_may_use()
    {
        var wrong =
            from project in Repository.Files("src", "*.csproj")
            let name = Path.GetFileNameWithoutExtension(project)
            from reference in XDocument.Load(project).Descendants("ProjectReference")
            let target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))
            where !s_allowed.TryGetValue(name, out var allowed) || !allowed.Contains(target)
            select $"{name} must not refer to {target}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_room_is_listed_here_and_in_the_architecture_page()
    {
        var rooms = Repository.Files("src", "*.csproj").Select(Path.GetFileNameWithoutExtension).Order().ToArray();
        var page = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));

        Assert.Equal(s_allowed.Keys.Order(), rooms!);
        Assert.All(rooms, room => Assert.Contains($"`{room}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Storage_knows_nothing_of_the_Orleans_runtime()
    {
        var references = typeof(Storage.IPartitionLog).Assembly.GetReferencedAssemblies().Select(a => a.Name!).ToArray();

        Assert.DoesNotContain("Orleans.Runtime", references);
        Assert.DoesNotContain("Orleans.Core", references);
        Assert.DoesNotContain("Orleans.Core.Abstractions", references);
    }
}
