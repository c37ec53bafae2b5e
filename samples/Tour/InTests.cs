using OrleansStream.Testing;

namespace Tour;

internal static class InTests
{
    public static async Task RunAsync()
    {
        await using var host = await OrleansStreamTestHost.StartAsync();
        await host.Client.Admin.CreateTopicAsync("orders", partitions: 1);
        await using var producer = host.Client.CreateProducer<string, string>();
        await producer.ProduceAsync("orders", "ann", "12.50");
    }
}
