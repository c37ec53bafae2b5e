using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Messages;

public class RoundTripTests
{
    private const int Rounds = 20;

    public static TheoryData<string> Apis => [.. ApiCatalog.All.Select(api => api.Key.ToString())];

    [Theory]
    [MemberData(nameof(Apis))]
    public void Every_message_reads_what_it_wrote_in_every_version(string key)
    {
        foreach (var (type, read, version) in MessagesOf(key))
        {
            for (var seed = 0; seed < Rounds; seed++)
            {
                var message = (IKafkaMessage)new MessageFiller(seed, withNulls: false).Create(type);

                AssertRoundTrip(message, read, version);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public void Nulls_survive_where_the_version_knows_them_and_are_refused_elsewhere(string key)
    {
        foreach (var (type, read, version) in MessagesOf(key))
        {
            for (var seed = 0; seed < Rounds; seed++)
            {
                var message = (IKafkaMessage)new MessageFiller(seed, withNulls: true).Create(type);
                try
                {
                    MessageBytes.Write(message, version);
                }
                catch (InvalidOperationException absent) when (absent.Message.Contains($"version {version}", StringComparison.Ordinal))
                {
                    continue;
                }

                AssertRoundTrip(message, read, version);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public void A_message_cut_off_anywhere_or_followed_by_anything_is_refused(string key)
    {
        foreach (var (type, read, version) in MessagesOf(key))
        {
            var bytes = MessageBytes.Write((IKafkaMessage)new MessageFiller(version, withNulls: false).Create(type), version);
            for (var length = 0; length < bytes.Length; length += 1 + (bytes.Length / 100))
            {
                Assert.Throws<KafkaProtocolException>(() => MessageBytes.Read(read, bytes[..length], version));
            }

            Assert.Throws<KafkaProtocolException>(() => MessageBytes.Read(read, [.. bytes, 0], version));
        }
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public void Unknown_tagged_fields_are_skipped(string key)
    {
        foreach (var (type, read, version) in MessagesOf(key).Where(message => ApiCatalog.All.Single(api => api.Key.ToString() == key).IsFlexible(message.Version)))
        {
            // An empty message ends in its own count of tagged fields, which is the last byte.
            var bytes = MessageBytes.Write((IKafkaMessage)Activator.CreateInstance(type)!, version);
            Assert.Equal(0, bytes[^1]);

            MessageBytes.Read(read, [.. bytes[..^1], 1, 99, 3, 7, 7, 7], version);
        }
    }

    private static void AssertRoundTrip(IKafkaMessage message, ReadMessage read, short version)
    {
        var bytes = MessageBytes.Write(message, version);
        var again = MessageBytes.Write(MessageBytes.Read(read, bytes, version), version);

        Assert.Equal(bytes, again);
    }

    private static IEnumerable<(Type Type, ReadMessage Read, short Version)> MessagesOf(string key)
    {
        var api = ApiCatalog.All.Single(api => api.Key.ToString() == key);
        for (var version = api.MinVersion; version <= api.MaxVersion; version++)
        {
            yield return (TypeOf($"{key}Request"), api.ReadRequest, version);
            yield return (TypeOf($"{key}Response"), api.ReadResponse, version);
        }
    }

    private static Type TypeOf(string name) => typeof(ApiCatalog).Assembly.GetType($"OrleansStream.Kafka.Messages.{name}", throwOnError: true)!;
}
