using OrleansStream.Client;
using OrleansStream.Client.Producing;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>A record to every partition, again and again, so that none of them is idle for long.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IProducer<string, string> _producer;
    private readonly Task _running;

    public Load(OrleansStreamClient client, string topic, int partitions)
    {
        _producer = client.CreateProducer<string, string>();
        _running = RunAsync(topic, partitions);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _producer.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(string topic, int partitions)
    {
        while (!_stop.IsCancellationRequested)
        {
            for (var partition = 0; partition < partitions; partition++)
            {
                await _producer.EnqueueAsync(
                    new ProducerRecord<string, string>(topic, $"key-{partition}", "a value") { Partition = partition }, static _ => { });
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }
}
