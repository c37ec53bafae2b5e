using OrleansStream.Client;
using Tour;

// The README's code, run against a silo: dotnet run --project samples/Tour [host:port]
var address = args.Length > 0 ? args[0] : "127.0.0.1:30000";
await InTests.RunAsync();
await using var client = await OrleansStreamClient.ConnectAsync(address);
await Producing.RunAsync(client);
await Consuming.RunAsync(client, count: 2);
