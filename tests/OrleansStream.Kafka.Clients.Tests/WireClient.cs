using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Wire;
using OrleansStream.Records;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>A connection that speaks any version of any API, one request at a time.</summary>
internal sealed class WireClient : IDisposable
{
    private readonly TcpClient _tcp = new();
    private int _correlation;

    private WireClient()
    {
    }

    public static async Task<WireClient> ConnectAsync(string servers)
    {
        var client = new WireClient();
        await client._tcp.ConnectAsync(IPEndPoint.Parse(servers));
        return client;
    }

    /// <summary>Asks, and reads the answer to its last byte.</summary>
    public async Task<TResponse> AskAsync<TResponse>(ApiDescription api, IKafkaMessage request, short version)
        where TResponse : IKafkaMessage
    {
        var stream = _tcp.GetStream();
        await stream.WriteAsync(Frame(api, request, version));
        var length = new byte[sizeof(int)];
        await stream.ReadExactlyAsync(length);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(frame);
        return (TResponse)Read(api, frame, version);
    }

    /// <summary>The codecs of the batches in a topic's first partition, in their order.</summary>
    public async Task<List<CompressionType>> ReadCodecsAsync(string topic)
    {
        var codecs = new List<CompressionType>();
        for (var offset = 0L; ;)
        {
            // However little is asked for, a whole batch comes.
            var wanted = new FetchRequest { Topics = [new() { Name = topic, Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = 1 }] }] };
            var answer = await AskAsync<FetchResponse>(ApiCatalog.Fetch, wanted, 11);
            if (answer.Topics[0].Partitions[0].Records is not { IsEmpty: false } records)
            {
                return codecs;
            }

            var batch = new RecordBatchHeader(records.Span);
            codecs.Add(batch.Compression);
            offset = batch.LastOffset + 1;
        }
    }

    public void Dispose() => _tcp.Dispose();

    private byte[] Frame(ApiDescription api, IKafkaMessage request, short version)
    {
        using var writer = new KafkaWriter();
        writer.BeginFrame();
        writer.WriteInt16((short)api.Key);
        writer.WriteInt16(version);
        writer.WriteInt32(++_correlation);
        writer.WriteNullableString("wire", flexible: false);
        if (api.IsFlexible(version))
        {
            writer.WriteTagCount(0);
        }

        request.Write(writer, version);
        writer.EndFrame();
        return [.. writer.Pieces().SelectMany(piece => piece.ToArray())];
    }

    private IKafkaMessage Read(ApiDescription api, byte[] frame, short version)
    {
        var reader = new KafkaReader(frame);
        Assert.Equal(_correlation, reader.ReadInt32());
        if (api.HasResponseTags(version))
        {
            reader.SkipTags();
        }

        var response = api.ReadResponse(ref reader, version);
        reader.End();
        return response;
    }
}
