using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Hosting;
using OrleansStream.Client.Tests.Consuming;
using OrleansStream.Client.Tests.Consuming.Fakes;

namespace OrleansStream.Client.Tests.Hosting;

/// <summary>
/// A hosted consumer over a scripted cluster. Its handler reports every call, and then does what the test says; by default it
/// succeeds.
/// </summary>
internal sealed class HostedRun : IAsyncDisposable
{
    private readonly Channel<string> _calls = Channel.CreateUnbounded<string>();
    private readonly ServiceProvider _services = new ServiceCollection().AddScoped<Scoped>().BuildServiceProvider();
    private readonly ScriptedCluster _cluster;

    public HostedRun(ScriptedCluster cluster, Func<HostedConsumerOptions<string, string>, HostedConsumerOptions<string, string>>? change = null)
    {
        _cluster = cluster;
        var options = new HostedConsumerOptions<string, string>
        {
            GroupId = "g",
            Topics = ["orders"],
            AutoCommitInterval = TimeSpan.FromHours(1),
            MaxBatchRecords = 1,
        };
        Consumer = new HostedConsumer<string, string>(
            cluster.Connection, _services.GetRequiredService<IServiceScopeFactory>(), (change ?? (o => o))(options), HandleAsync);
    }

    public HostedConsumer<string, string> Consumer { get; }

    /// <summary>What the handler does.</summary>
    public Func<ConsumedBatch<string, string>, CancellationToken, Task> Handler { get; set; } = (_, _) => Task.CompletedTask;

    public List<Scoped> Scopes { get; } = [];

    public Task StartAsync() => Consumer.StartAsync(CancellationToken.None);

    public Task StopAsync(CancellationToken cancellationToken = default) => Consumer.StopAsync(cancellationToken).WaitAsync(Consumption.Patience, CancellationToken.None);

    /// <summary>The next call of the handler, for example "orders-0: 3" or "orders-0: 3 4 5".</summary>
    public async Task<string> NextCallAsync()
    {
        using var timeout = new CancellationTokenSource(Consumption.Patience);
        return await _calls.Reader.ReadAsync(timeout.Token);
    }

    public async Task<List<string>> NextCallsAsync(int count)
    {
        var calls = new List<string>();
        while (calls.Count < count)
        {
            calls.Add(await NextCallAsync());
        }

        return calls;
    }

    public bool TryGetCall(out string? call) => _calls.Reader.TryRead(out call);

    public Offset Committed(int partition) => _cluster.TheGroup.Offsets.GetValueOrDefault(ScriptedCluster.Name(partition), Offset.None);

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        Consumer.Dispose();
        await _services.DisposeAsync();
    }

    private async Task HandleAsync(IServiceProvider scope, ConsumedBatch<string, string> batch, CancellationToken cancellationToken)
    {
        lock (Scopes)
        {
            Scopes.Add(scope.GetRequiredService<Scoped>());
        }

        _calls.Writer.TryWrite($"{batch.TopicPartition}: {string.Join(' ', batch.Select(record => record.Value))}");
        await Handler(batch, cancellationToken);
    }

    /// <summary>A service of the scope.</summary>
    internal sealed class Scoped : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
