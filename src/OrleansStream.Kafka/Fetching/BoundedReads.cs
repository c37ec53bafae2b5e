using OrleansStream.Endpoint;
using OrleansStream.Kafka.Transport;
using OrleansStream.Server.Endpoint;

namespace OrleansStream.Kafka.Fetching;

/// <summary>
/// Reads records for answers, and bounds what lies in answers that clients have not taken yet. A reader that finds no room puts back what it
/// read, waits for its turn, and reads again. Safe for concurrent use.
/// </summary>
internal sealed class BoundedReads(LocalEndpoint endpoint, AnswerRoom answers)
{
    /// <summary>The most that one answer carries while there is little room: more clients get something then, rather than a few much.</summary>
    private const int TightBytes = 1024 * 1024;

    /// <summary>Reads; the batches are given back when the request was answered.</summary>
    public async Task<FetchedPartition[]> ReadAsync(FetchRequest request, RequestContext context)
    {
        if (answers.Room.IsTight && request.MaxBytes > TightBytes)
        {
            request = request with { MinBytes = Math.Min(request.MinBytes, TightBytes), MaxBytes = TightBytes };
        }

        var fetched = (await endpoint.FetchAsync(request, context.ConnectionClosed).ConfigureAwait(false)).Partitions;
        var bytes = BytesOf(fetched);
        if (bytes == 0)
        {
            return fetched;
        }

        var room = answers.Room.For(bytes);
        if (!room.TryTake(bytes))
        {
            Release(fetched);
            var claimed = (int)bytes;
            await room.TakeAsync(claimed, context.ConnectionClosed).ConfigureAwait(false);
            try
            {
                var again = request with { MinBytes = 0, MaxBytes = claimed, MaxWait = TimeSpan.Zero };
                fetched = (await endpoint.FetchAsync(again, context.ConnectionClosed).ConfigureAwait(false)).Partitions;
                bytes = BytesOf(fetched);
                room.Return(claimed - bytes);
            }
            catch
            {
                room.Return(claimed);
                throw;
            }
        }

        context.DisposeAfterAnswer(new Reading(room, bytes, fetched));
        return fetched;
    }

    private static long BytesOf(FetchedPartition[] fetched) => fetched.Sum(partition => (long)partition.Batches.Length);

    private static void Release(FetchedPartition[] fetched) => Array.ForEach(fetched, static partition => partition.Batches.Dispose());

    private sealed class Reading(ByteGate room, long bytes, FetchedPartition[] fetched) : IDisposable
    {
        public void Dispose()
        {
            Release(fetched);
            room.Return(bytes);
        }
    }
}
