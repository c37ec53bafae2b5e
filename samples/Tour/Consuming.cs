using OrleansStream.Client;
using OrleansStream.Client.Consuming;

namespace Tour;

internal static class Consuming
{
    public static async Task RunAsync(OrleansStreamClient client, int count)
    {
        await using var consumer = client.CreateConsumer(new ConsumerOptions<string, Order> { GroupId = "billing", Topics = ["orders"] });
        await foreach (var record in consumer)
        {
            Console.WriteLine($"{record.TopicPartition} at {record.Offset}: {record.Key} ordered for {record.Value!.Amount}");
            if (--count == 0)
            {
                await consumer.CommitAsync(record);
                break;
            }
        }
    }
}
