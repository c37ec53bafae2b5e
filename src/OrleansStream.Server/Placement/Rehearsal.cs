using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Records;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;
using OrleansStream.Topics;
using Serializer = Orleans.Serialization.Serializer;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Opens, writes, reads and closes partitions that belong to no topic, once per store in a silo's life, before the first partition
/// that clients use moves here. A silo that has just started does all of this for the first time: code is compiled and connections
/// are made, which takes a second that producers would otherwise wait.
/// </summary>
internal sealed partial class Rehearsal(
    PartitionOpener opener,
    LogStores stores,
    LocalEndpoint endpoint,
    EndpointAddress address,
    Serializer serializer,
    IGrainFactory grains,
    TimeProvider time,
    ILogger<Rehearsal> logger) : IPartitionOwner
{
    /// <summary>As many at once as partitions usually arrive.</summary>
    private const int Scenes = 4;

    private const int FetchBytes = 1024;

    /// <summary>No topic has it. Its logs are deleted after each rehearsal; what a crash leaves of them is taken up by the next one.</summary>
    private static readonly Guid s_topic = new("7265686f-6172-7361-6c00-000000000000");

    /// <summary>Shorter than whoever asks a silo to get ready waits for it.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, Task> _stores = [];
    private readonly Lock _lock = new();

    /// <summary>Reads what the opening of a partition will read; completes when its store has been rehearsed as well, by this call or an earlier one.</summary>
    /// <exception cref="OrleansStreamException">As for <see cref="PartitionOpener.PrepareAsync"/>. A failed rehearsal is only logged: who opens in earnest will see why.</exception>
    public async Task PrepareAsync(PartitionId partition)
    {
        var store = await opener.PrepareAsync(partition, CancellationToken.None);
        Task? rehearsal;
        lock (_lock)
        {
            if (!_stores.TryGetValue(store, out rehearsal))
            {
                rehearsal = _stores[store] = RunAsync(store);
            }
        }

        try
        {
            await rehearsal.WaitAsync(s_patience, time);
        }
        catch (TimeoutException)
        {
            // It goes on, and so does the move: a slow silo is better than one that is never given anything.
        }
    }

    void IPartitionOwner.RequestClose(string reason)
    {
    }

    Task IPartitionOwner.MoveAsync(SiloAddress target) => Task.CompletedTask;

    private async Task RunAsync(string name)
    {
        var start = time.GetTimestamp();
        try
        {
            var store = stores.Get(name);
            // Silos that start together do not meet in one log.
            var first = (int)(PlacementWeight.OfSilo(address.Silo) & (int.MaxValue >> 1));
            await Task.WhenAll(Enumerable.Range(first, Scenes).Select(number => Task.Run(() => PlayAsync(store, new PartitionId(s_topic, number)))));
            Rehearsed(name, time.GetElapsedTime(start).TotalMilliseconds);
        }
        catch (Exception failure)
        {
            // Whatever it was, it keeps no partition away: the opening in earnest says what is wrong, if it still is.
            RehearsalFailed(name, failure);
        }
    }

    private async Task PlayAsync(IPartitionLogStore store, PartitionId id)
    {
        var log = await store.OpenAsync(id, TopicConfiguration.Default, CancellationToken.None);
        try
        {
            var partition = new Partition(log, 1, time, this);
            using var record = OneRecord();
            using var batch = RoundTrip(new ProduceRequest(id, record)).Batch;
            var appended = await partition.AppendAsync(batch.Memory);
            RoundTrip(new ProduceResponse(appended.Error, appended.BaseOffset, partition.Offsets.LogStart, null));
            (await partition.ReadAsync(partition.Offsets.LogStart, FetchBytes, firstWhole: true)).Dispose();
            var fetch = RoundTrip(new FetchRequest([new FetchPartition(id, Offset.Zero, FetchBytes)], 0, FetchBytes, TimeSpan.Zero));
            RoundTrip(await endpoint.FetchAsync(fetch, CancellationToken.None));
            partition.Close();
        }
        finally
        {
            await log.DisposeAsync();
            await store.DeleteAsync(id, CancellationToken.None);
        }

        await ActivateAsync(id);
    }

    /// <summary>A grain that finds no topic: placed, entered into the directory, activated, asked, and gone.</summary>
    private async Task ActivateAsync(PartitionId id)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, address.Silo);
        try
        {
            await grains.GetGrain<IPartitionGrain>(id.ToString()).GetLeaderAsync();
        }
        catch (OrleansStreamException refusal) when (refusal.ErrorCode == ErrorCode.UnknownTopicOrPartition)
        {
            // That is its last line.
        }
    }

    private T RoundTrip<T>(T message) => serializer.Deserialize<T>(serializer.SerializeToArray(message))!;

    private RecordBytes OneRecord()
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, FetchBytes);
        builder.TryAppend(new RecordFields { TimestampMs = time.GetUtcNow().ToUnixTimeMilliseconds(), Value = "rehearsal"u8 });
        return builder.Build(-1, -1, -1);
    }

    [LoggerMessage(LogEvents.Rehearsed, LogLevel.Information, "Rehearsed the opening of partitions in the store '{Store}' in {Milliseconds} ms.")]
    private partial void Rehearsed(string store, double milliseconds);

    [LoggerMessage(LogEvents.RehearsalFailed, LogLevel.Warning, "The opening of partitions in the store '{Store}' could not be rehearsed.")]
    private partial void RehearsalFailed(string store, Exception exception);
}
