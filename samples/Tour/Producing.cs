using OrleansStream.Client;
using OrleansStream.Client.Producing;

namespace Tour;

internal static class Producing
{
    public static async Task RunAsync(OrleansStreamClient client)
    {
        await client.Admin.CreateTopicAsync("orders", partitions: 6);

        await using var producer = client.CreateProducer<string, Order>();
        var stored = await producer.ProduceAsync("orders", "ann", new Order("ann", 12.50m));
        Console.WriteLine($"durable in partition {stored.TopicPartition.Partition} at offset {stored.Offset}");

        // For throughput: completes as soon as the buffer took the record, and waits only while the buffer is full.
        await producer.EnqueueAsync(new ProducerRecord<string, Order>("orders", "bob", new Order("bob", 3m)));
        await producer.FlushAsync();
    }
}
