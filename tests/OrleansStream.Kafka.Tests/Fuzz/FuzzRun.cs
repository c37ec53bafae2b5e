using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Fuzz;

/// <summary>
/// Feeds mutated frames through the gateway's connections, in process, on some lanes side by side. After each frame a question that is always answered
/// shows that the connection still serves, unless the gateway closed it; answers are read as the API and version of their frame say. A client that
/// waits too long goes away, as clients do, and the gateway has to be done with it soon.
/// </summary>
internal sealed class FuzzRun(Gateway gateway, IReadOnlyList<byte[]> corpus, int seed)
{
    private const int Lanes = 64;
    private const int Question = 0x5EED;

    /// <summary>Longer than anything takes that does not wait for something: a fetch may wait for records, a request for the rest of itself.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(30);
    private static readonly byte[] s_question = RawClient.Frame(new ApiVersionsRequest(), 0, Question);
    private static readonly Dictionary<short, ApiDescription> s_apis = ApiCatalog.All.ToDictionary(api => (short)api.Key);

    private readonly ConcurrentQueue<string> _problems = new();
    private long _frames;
    private long _answers;
    private long _closed;
    private long _left;

    public async Task<FuzzResult> RunAsync(long frames)
    {
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(() => RunLaneAsync(lane, frames))));
        return new FuzzResult(frames, Stopwatch.GetElapsedTime(start), _answers, _closed, _left, [.. _problems]);
    }

    private async Task RunLaneAsync(int lane, long frames)
    {
        var mutator = new Mutator(corpus, unchecked((seed * 7919) + lane));
        PipeClient? client = null;
        while (Interlocked.Increment(ref _frames) <= frames && _problems.IsEmpty)
        {
            client ??= new PipeClient(gateway.Connections, $"fuzz-{lane}");
            var frame = mutator.Next();
            if (!await ServesAsync(client, frame))
            {
                await EndAsync(client, frame);
                client = null;
            }
        }

        if (client is not null)
        {
            await EndAsync(client, []);
        }
    }

    /// <returns>False when the connection is of no more use.</returns>
    private async Task<bool> ServesAsync(PipeClient client, byte[] frame)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await client.SendAsync(frame, patience.Token);
            await client.SendAsync(s_question, patience.Token);
            while (await client.ReceiveAsync(patience.Token) is { } answer)
            {
                if (BinaryPrimitives.ReadInt32BigEndian(answer) == Question)
                {
                    return true;
                }

                Interlocked.Increment(ref _answers);
                if (BinaryPrimitives.ReadInt32BigEndian(frame) == frame.Length - sizeof(int))
                {
                    Check(frame, answer);
                }
            }

            Interlocked.Increment(ref _closed);
            return false;
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _left);
            return false;
        }
    }

    /// <summary>An answer has to be one.</summary>
    private void Check(byte[] frame, byte[] answer)
    {
        var version = BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(6));
        var api = s_apis[BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(4))];
        version = api.Supports(version) ? version : (short)0;
        try
        {
            var reader = new KafkaReader(answer);
            if (reader.ReadInt32() != BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(8)))
            {
                throw new KafkaProtocolException("It is the answer to another request.");
            }

            if (api.HasResponseTags(version))
            {
                reader.SkipTags();
            }

            api.ReadResponse(ref reader, version);
            reader.End();
        }
        catch (KafkaProtocolException wrong)
        {
            _problems.Enqueue($"A wrong answer ({wrong.Message}) to {Convert.ToHexString(frame)}");
        }
    }

    private async Task EndAsync(PipeClient client, byte[] frame)
    {
        await client.LeaveAsync();
        try
        {
            await client.Running.WaitAsync(s_hang);
        }
        catch (TimeoutException)
        {
            _problems.Enqueue($"The connection does not end after {Convert.ToHexString(frame)}");
        }
        catch (Exception unexpected)
        {
            _problems.Enqueue($"{unexpected} after {Convert.ToHexString(frame)}");
        }
    }
}

/// <summary>What a run came to.</summary>
/// <param name="Frames">Frames that were sent.</param>
/// <param name="Elapsed">The time.</param>
/// <param name="Answers">How many of them were answered.</param>
/// <param name="Closed">How many made the gateway close the connection.</param>
/// <param name="Left">How many were left waiting.</param>
/// <param name="Problems">What must not happen.</param>
internal sealed record FuzzResult(long Frames, TimeSpan Elapsed, long Answers, long Closed, long Left, IReadOnlyList<string> Problems);
