using System.Buffers;
using System.Text.Json.Serialization;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Client.Tests.Serialization;

public sealed partial class SerializersTests
{
    [Fact]
    public void Numbers_are_big_endian_as_Kafkas()
    {
        Assert.Equal("0102030405060708", Hex(0x0102030405060708L));
        Assert.Equal("01020304", Hex(0x01020304));
        Assert.Equal("0102", Hex((short)0x0102));
        Assert.Equal("3FF8000000000000", Hex(1.5));
        Assert.Equal("3FC00000", Hex(1.5f));
        Assert.Equal("01", Hex(true));
    }

    [Fact]
    public void Every_built_in_type_reads_what_it_wrote()
    {
        RoundTrip("žluťoučký 🐎");
        RoundTrip("");
        RoundTrip(long.MinValue);
        RoundTrip(int.MaxValue);
        RoundTrip(short.MinValue);
        RoundTrip(-0.1);
        RoundTrip(float.Epsilon);
        RoundTrip(false);
        RoundTrip(new Guid("00112233-4455-6677-8899-aabbccddeeff"));
        RoundTrip<int?>(7);
        Assert.Equal([1, 2], Serializers.For<byte[]>().Deserialize(Write<byte[]>([1, 2])));
        Assert.Equal([1, 2], Serializers.For<ReadOnlyMemory<byte>>().Deserialize(Write<ReadOnlyMemory<byte>>(new byte[] { 1, 2 })).ToArray());
    }

    [Fact]
    public void A_guid_is_its_text() =>
        Assert.Equal("00112233-4455-6677-8899-aabbccddeeff"u8.ToArray(), Write(new Guid("00112233-4455-6677-8899-aabbccddeeff")));

    [Fact]
    public void Other_types_become_json_with_web_names()
    {
        Assert.Equal("""{"customerId":5,"city":"Brno"}"""u8.ToArray(), Write(new Order(5, "Brno")));
        RoundTrip(new Order(5, "Brno"));
    }

    [Fact]
    public void Source_generated_json_follows_its_context()
    {
        var serializer = Serializers.Json(OrderContext.Default.Order);
        var writer = new ArrayBufferWriter<byte>();
        serializer.Serialize(new Order(5, "Brno"), writer);
        serializer.Serialize(new Order(6, "Praha"), writer);

        Assert.Equal("""{"customer_id":5,"city":"Brno"}{"customer_id":6,"city":"Praha"}"""u8.ToArray(), writer.WrittenSpan.ToArray());
    }

    [Fact]
    public void The_wrong_number_of_bytes_is_an_error_that_names_type_and_length()
    {
        var error = Assert.Throws<OrleansStreamException>(() => Serializers.Int64.Deserialize(new byte[3]));

        Assert.Equal(ErrorCode.SerializationFailed, error.ErrorCode);
        Assert.Contains("Int64", error.Message, StringComparison.Ordinal);
        Assert.Contains("3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused() =>
        Assert.ThrowsAny<ArgumentException>(() => Serializers.Utf8.Deserialize([0xC3, 0x28]));

    [Fact]
    public void Null_ignores_what_is_there() => Assert.Null(Serializers.Null.Deserialize([1, 2, 3]));

    private static string Hex<T>(T value) => Convert.ToHexString(Write(value));

    private static byte[] Write<T>(T value)
    {
        var writer = new ArrayBufferWriter<byte>();
        Serializers.For<T>().Serialize(value, writer);
        return writer.WrittenSpan.ToArray();
    }

    private static void RoundTrip<T>(T value) => Assert.Equal(value, Serializers.For<T>().Deserialize(Write(value)));

    public sealed record Order(int CustomerId, string City);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(Order))]
    private sealed partial class OrderContext : JsonSerializerContext;
}
