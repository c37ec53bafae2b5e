using System.Reflection;

namespace OrleansStream.Kafka.Tests.Messages;

/// <summary>Fills messages with values drawn from a seed; what can be null is null in one of four cases when that is wanted.</summary>
internal sealed class MessageFiller(int seed, bool withNulls)
{
    private static readonly NullabilityInfoContext s_nullability = new();

    private readonly Random _random = new(seed);

    public object Create(Type type)
    {
        var message = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var isNullable = IsNullable(property);
            property.SetValue(message, isNullable && withNulls && _random.Next(4) == 0 ? null : Value(property.PropertyType));
        }

        return message;
    }

    private object Value(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyCollection<>))
        {
            type = type.GetGenericArguments()[0].MakeArrayType();
        }

        if (type.IsArray)
        {
            var items = Array.CreateInstance(type.GetElementType()!, _random.Next(4));
            for (var at = 0; at < items.Length; at++)
            {
                items.SetValue(Value(type.GetElementType()!), at);
            }

            return items;
        }

        return type switch
        {
            _ when type == typeof(bool) => _random.Next(2) == 0,
            _ when type == typeof(sbyte) => (sbyte)_random.Next(sbyte.MinValue, sbyte.MaxValue),
            _ when type == typeof(short) => (short)_random.Next(short.MinValue, short.MaxValue),
            _ when type == typeof(ushort) => (ushort)_random.Next(ushort.MaxValue),
            _ when type == typeof(int) => _random.Next(int.MinValue, int.MaxValue),
            _ when type == typeof(long) => _random.NextInt64(long.MinValue, long.MaxValue),
            _ when type == typeof(double) => _random.NextDouble(),
            _ when type == typeof(Guid) => NewGuid(),
            _ when type == typeof(string) => new string((char)('a' + _random.Next(26)), _random.Next(200)),
            _ when type == typeof(ReadOnlyMemory<byte>) => new ReadOnlyMemory<byte>(NewBytes(_random.Next(1000))),
            _ => Create(type),
        };
    }

    private Guid NewGuid() => new(NewBytes(16));

    private byte[] NewBytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static bool IsNullable(PropertyInfo property)
    {
        lock (s_nullability)
        {
            return s_nullability.Create(property).WriteState == NullabilityState.Nullable;
        }
    }
}
