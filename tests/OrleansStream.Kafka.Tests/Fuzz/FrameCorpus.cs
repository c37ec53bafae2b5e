using System.Buffers.Binary;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Hostile;

namespace OrleansStream.Kafka.Tests.Fuzz;

/// <summary>
/// Requests of real clients, each a file of its own with its length in front, named after its API, version and client. <see cref="CorpusCapture"/> made them.
/// They are about a topic of a fixed name, whose id is another one every time it is created and is put in its place.
/// </summary>
internal static class FrameCorpus
{
    public const string Topic = "corpus";
    public const int Partitions = 2;

    private const string IdFile = "topic-id";

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Corpus");

    /// <summary>The frames, for a gateway that has the topic, with some records in it, after this.</summary>
    public static async Task<IReadOnlyList<byte[]>> LoadAsync(Gateway gateway)
    {
        var topicId = await CreateTopicAsync(gateway);
        var captured = File.ReadAllBytes(Path.Combine(Folder, IdFile));
        return [.. Directory.EnumerateFiles(Folder, "*.bin").Order(StringComparer.Ordinal).Select(file => Replace(File.ReadAllBytes(file), captured, topicId.ToByteArray(bigEndian: true)))];
    }

    public static async Task<Guid> CreateTopicAsync(Gateway gateway)
    {
        await gateway.Sdk.Admin.CreateTopicAsync(Topic, Partitions);
        using var client = await RawClient.ConnectAsync(gateway.Port);
        var batch = TestBatch.Of(500);
        for (var partition = 0; partition < Partitions; partition++)
        {
            var produced = await client.AskAsync<ProduceRequest, ProduceResponse>(
                new() { Acks = -1, TimeoutMs = 1000, Topics = [new() { Name = Topic, Partitions = [new() { Index = partition, Records = batch }] }] }, 9);
            Assert.Equal(0, produced.Topics[0].Partitions[0].ErrorCode);
        }

        return (await gateway.Sdk.Admin.DescribeTopicAsync(Topic)).TopicId;
    }

    /// <summary>Writes frames that were caught from a client, a few of each API and version.</summary>
    public static void Save(string folder, string client, IEnumerable<byte[]> frames, Guid topicId)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, IdFile), topicId.ToByteArray(bigEndian: true));
        foreach (var kind in frames.GroupBy(frame => $"{(ApiKey)BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(4))}-v{BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(6)):D2}"))
        {
            // The shortest of them and the longest are the most different.
            var some = kind.DistinctBy(frame => frame.Length).OrderBy(frame => frame.Length).ToArray();
            var chosen = some.Length <= 4 ? some : [some[0], some[some.Length / 3], some[some.Length * 2 / 3], some[^1]];
            for (var at = 0; at < chosen.Length; at++)
            {
                File.WriteAllBytes(Path.Combine(folder, $"{kind.Key}-{client}-{at}.bin"), chosen[at]);
            }
        }
    }

    private static byte[] Replace(byte[] frame, byte[] what, byte[] with)
    {
        for (var at = frame.AsSpan().IndexOf(what); at >= 0; at = frame.AsSpan().IndexOf(what))
        {
            with.CopyTo(frame, at);
        }

        return frame;
    }
}
