using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>The data plane of a silo without a silo: partitions on memory logs, and a clock that the test moves.</summary>
internal sealed class OpenPartitions : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ServerMetrics _metrics;

    public OpenPartitions(OrleansStreamServerOptions? options = null)
    {
        _metrics = new ServerMetrics(_services.GetRequiredService<IMeterFactory>());
        Table = new PartitionTable(_metrics);
        var settings = Options.Create(options ?? new OrleansStreamServerOptions());
        Fetcher = new Fetcher(Table, _metrics, Time, settings, NullLogger<Fetcher>.Instance);
        Endpoint = new LocalEndpoint(Table, Fetcher, _metrics, Time, settings, NullLogger<LocalEndpoint>.Instance);
    }

    public FakeTimeProvider Time { get; } = new();

    public PartitionTable Table { get; }

    public Fetcher Fetcher { get; }

    public LocalEndpoint Endpoint { get; }

    public IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    /// <summary>Why partitions were asked to close.</summary>
    public List<string> CloseRequests { get; } = [];

    public (Partition Partition, MemoryLog Log) Open(int number = 0)
    {
        var log = new MemoryLog(new PartitionId(Guid.Empty, number), new LeaderEpoch(0), []);
        var partition = new Partition(log, 1, Time, new Owner(CloseRequests));
        Table.Add(partition);
        return (partition, log);
    }

    private sealed class Owner(List<string> closeRequests) : IPartitionOwner
    {
        public void RequestClose(string reason) => closeRequests.Add(reason);

        public Task MoveAsync(SiloAddress target) => throw new NotSupportedException();
    }

    public void Dispose()
    {
        Endpoint.Dispose();
        _metrics.Dispose();
        _services.Dispose();
    }
}
