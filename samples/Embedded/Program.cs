using Embedded;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.Server;

// Beside the code below: where the files and ports are comes from the section "OrleansStream" of the configuration.
var builder = WebApplication.CreateBuilder(args);
builder.AddOrleansStreamServer();
builder.Services.AddSingleton<Totals>();
builder.Services.AddOrleansStreamClient()
    .AddProducer<string, string>()
    .AddConsumer<string, string, OrderHandler>("totals", ["orders"]);
var app = builder.Build();

app.MapPost("/orders/{customer}", async (string customer, HttpRequest request, IProducer<string, string> producer) =>
{
    using var body = new StreamReader(request.Body);
    var stored = await producer.ProduceAsync("orders", customer, await body.ReadToEndAsync());
    return Results.Ok(new { stored.TopicPartition.Partition, Offset = stored.Offset.Value });
});

app.MapGet("/orders", async (int count, OrleansStreamClient client, CancellationToken cancellationToken) =>
{
    var orders = new List<string>();
    await using var consumer = client.CreateConsumer(new ConsumerOptions<string, string> { Topics = ["orders"] });
    await foreach (var record in consumer.WithCancellation(cancellationToken))
    {
        orders.Add($"{record.Key}: {record.Value}");
        if (orders.Count == count)
        {
            break;
        }
    }

    return orders;
});

app.MapGet("/totals/{customer}", (string customer, Totals totals) => totals.Of(customer));

await app.StartAsync();
var client = app.Services.GetRequiredService<OrleansStreamClient>();
try
{
    await client.Admin.CreateTopicAsync("orders", partitions: 3);
}
catch (OrleansStream.OrleansStreamException exception) when (exception.ErrorCode == OrleansStream.ErrorCode.TopicAlreadyExists)
{
    // It is there from the last run, with its records.
}

await app.WaitForShutdownAsync();
