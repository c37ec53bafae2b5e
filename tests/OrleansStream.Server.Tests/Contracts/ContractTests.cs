using System.Reflection;
using System.Text;
using OrleansStream.Grains;

namespace OrleansStream.Server.Tests.Contracts;

/// <summary>
/// Clients and silos of different versions meet: whatever goes over the wire is pinned by <c>contracts.txt</c>. Lines may be
/// added; a line that changes or goes breaks somebody who was not upgraded yet.
/// </summary>
public sealed class ContractTests
{
    private const string FileName = "contracts.txt";

    [Fact]
    public void What_goes_over_the_wire_is_what_the_snapshot_says()
    {
        var actual = Describe(typeof(IPartitionGrain).Assembly);
        var actualPath = Path.Combine(AppContext.BaseDirectory, "contracts.actual.txt");
        File.WriteAllText(actualPath, actual);

        var expected = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Contracts", FileName));

        if (expected == actual)
        {
            return;
        }

        Assert.Fail(
            $"The contracts changed. If every older version still understands them, copy {actualPath} over Contracts/{FileName}.\n{FirstDifference(expected, actual)}");
    }

    [Fact]
    public void Every_interface_method_and_type_on_the_wire_has_a_name_of_its_own()
    {
        var assembly = typeof(IPartitionGrain).Assembly;
        var types = GrainInterfaces(assembly).Concat(SerializedTypes(assembly)).ToList();

        Assert.All(types, type => Assert.False(string.IsNullOrEmpty(type.GetCustomAttribute<AliasAttribute>()?.Alias), $"{type} has no alias."));
        Assert.Equal(types.Count, types.Select(type => type.GetCustomAttribute<AliasAttribute>()!.Alias).Distinct().Count());
        foreach (var type in GrainInterfaces(assembly))
        {
            Assert.All(type.GetMethods(), method => Assert.NotNull(method.GetCustomAttribute<AliasAttribute>()));
        }
    }

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in GrainInterfaces(assembly))
        {
            text.Append($"interface {type.GetCustomAttribute<AliasAttribute>()!.Alias}\n");
            foreach (var method in type.GetMethods().OrderBy(Alias, StringComparer.Ordinal))
            {
                var parameters = string.Join(", ", method.GetParameters().Select(parameter => NameOf(parameter.ParameterType)));
                text.Append($"  {Alias(method)}({parameters}): {NameOf(method.ReturnType)}\n");
            }
        }

        foreach (var type in SerializedTypes(assembly))
        {
            text.Append($"type {type.GetCustomAttribute<AliasAttribute>()!.Alias}\n");
            foreach (var (id, member) in Members(type))
            {
                text.Append($"  {id}: {member}\n");
            }
        }

        foreach (var type in assembly.GetExportedTypes().Where(type => type.IsEnum).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append($"enum {type.Name}\n");
            foreach (var value in Enum.GetValuesAsUnderlyingType(type))
            {
                text.Append($"  {value}: {Enum.GetName(type, value)}\n");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<Type> GrainInterfaces(Assembly assembly) => assembly.GetExportedTypes()
        .Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type))
        .OrderBy(type => type.FullName, StringComparer.Ordinal);

    private static IEnumerable<Type> SerializedTypes(Assembly assembly) => assembly.GetExportedTypes()
        .Where(type => type.GetCustomAttribute<GenerateSerializerAttribute>() is not null)
        .OrderBy(type => type.FullName, StringComparer.Ordinal);

    private static IEnumerable<(uint Id, string Member)> Members(Type type) => type
        .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Select(property => (Id: property.GetCustomAttribute<IdAttribute>()?.Id, Text: $"{property.Name} {NameOf(property.PropertyType)}"))
        .Where(member => member.Id is not null)
        .Select(member => (member.Id!.Value, member.Text))
        .OrderBy(member => member.Value);

    private static string Alias(MethodInfo method) => method.GetCustomAttribute<AliasAttribute>()?.Alias ?? method.Name;

    private static string NameOf(Type type) => type switch
    {
        { IsArray: true } => NameOf(type.GetElementType()!) + "[]",
        { IsGenericType: true } => $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>",
        _ => type.GetCustomAttribute<AliasAttribute>()?.Alias ?? type.Name,
    };

    private static string FirstDifference(string expected, string actual)
    {
        var (old, now) = (expected.Split('\n'), actual.Split('\n'));
        var at = Enumerable.Range(0, Math.Max(old.Length, now.Length)).First(line => old.ElementAtOrDefault(line) != now.ElementAtOrDefault(line));
        return $"Line {at + 1} was '{old.ElementAtOrDefault(at)}' and is '{now.ElementAtOrDefault(at)}'.";
    }
}
