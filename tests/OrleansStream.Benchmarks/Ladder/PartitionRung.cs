using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Grains;
using OrleansStream.Server.Partitions;
using OrleansStream.Testing;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>A partition in a running silo, appended to from inside: grain, partition object, log.</summary>
internal sealed class PartitionRung : IRung
{
    private readonly List<Partition> _partitions = [];
    private OrleansStreamTestHost? _host;
    private SampleBatch _batch = null!;
    private Load _load = null!;

    public string Name => "partition, inside the silo";

    public async Task StartAsync(Load load, string folder)
    {
        _load = load;
        _batch = new SampleBatch(load);
        _host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions { DataPath = folder });
        var topic = await _host.Client.Admin.CreateTopicAsync("ladder", load.Partitions);
        var table = _host.Services.GetRequiredService<PartitionTable>();
        for (var i = 0; i < load.Partitions; i++)
        {
            var id = new PartitionId(topic.TopicId, i);
            await _host.ClusterClient.GetGrain<IPartitionGrain>(id.ToString()).GetLeaderAsync();
            _partitions.Add(table.TryFind(id, out var partition) ? partition : throw new InvalidOperationException($"{id} did not open."));
        }
    }

    public Task<Measurement> RunAsync() => ClosedLoop.RunAsync(_load, _batch.RecordCount, _batch.Bytes.Length, async partition =>
    {
        var result = await _partitions[partition].AppendAsync(_batch.Bytes);
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"The append failed with {result.Error}: {result.Message}");
        }
    });

    public ValueTask DisposeAsync() => _host?.DisposeAsync() ?? ValueTask.CompletedTask;
}
