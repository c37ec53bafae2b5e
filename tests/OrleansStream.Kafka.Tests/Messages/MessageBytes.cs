using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Messages;

/// <summary>Messages to bytes and back.</summary>
internal static class MessageBytes
{
    public static byte[] Write(IKafkaMessage message, short version)
    {
        using var writer = new KafkaWriter();
        message.Write(writer, version);
        var bytes = writer.Pieces().SelectMany(piece => piece.ToArray()).ToArray();
        Assert.Equal(writer.Length, bytes.Length);
        return bytes;
    }

    public static IKafkaMessage Read(ReadMessage read, byte[] bytes, short version)
    {
        var reader = new KafkaReader(bytes);
        var message = read(ref reader, version);
        reader.End();
        return message;
    }

    public static T Read<T>(byte[] bytes, short version)
        where T : IKafkaMessage<T>
    {
        var reader = new KafkaReader(bytes);
        var message = T.Read(ref reader, version);
        reader.End();
        return message;
    }
}
