using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace OrleansStream.Abstractions.Tests;

/// <summary>What happens to a value between two silos: Orleans' own serializer and copier over the types of this assembly.</summary>
internal static class Wire
{
    private static readonly ServiceProvider s_services = new ServiceCollection()
        .AddSerializer(builder => builder.AddAssembly(typeof(ErrorCode).Assembly))
        .BuildServiceProvider();

    public static Serializer Serializer => s_services.GetRequiredService<Serializer>();

    public static T Send<T>(T value) => Serializer.Deserialize<T>(Serializer.SerializeToArray(value))!;

    public static T Copy<T>(T value) => s_services.GetRequiredService<DeepCopier>().Copy(value)!;
}
