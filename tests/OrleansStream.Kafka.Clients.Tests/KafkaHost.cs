using System.Net;
using OrleansStream.Client;
using OrleansStream.Groups;
using OrleansStream.Testing;
using OrleansStream.TestServers;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>A silo with its Kafka port, in this process, for the tests of a class. Topics are the tests' own.</summary>
public sealed class KafkaHost : IKafkaServers, IAsyncLifetime
{
    private static int s_topics;

    private OrleansStreamTestHost? _host;

    public string Servers { get; } = $"127.0.0.1:{LocalPort.FindFree()}";

    public OrleansStreamClient Sdk => _host!.Client;

    public async Task InitializeAsync() => _host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
    {
        ConfigureHost = builder => builder.AddOrleansStreamKafka(kafka => kafka.Port = IPEndPoint.Parse(Servers).Port),
        ConfigureServer = server =>
        {
            server.ClassicGroups.InitialRebalanceDelay = TimeSpan.Zero;
            server.ClassicGroups.MinSessionTimeout = TimeSpan.FromSeconds(2);
        },
    });

    /// <summary>Stops the silo as a deployment would, and starts it again on the same port.</summary>
    public async Task RestartAsync()
    {
        await _host!.StopAsync();
        await _host.StartAgainAsync();
    }

    /// <summary>Completes when a group has committed so many records of topics that were never shortened.</summary>
    public async Task<GroupDescription> CommittedAsync(string group, long records)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (true)
        {
            var described = await Sdk.Admin.DescribeGroupAsync(group, enough.Token);
            if (described.Offsets.Sum(partition => partition.Next.Value) == records)
            {
                return described;
            }

            await Task.Delay(20, enough.Token);
        }
    }

    public async Task DisposeAsync() => await _host!.DisposeAsync();

    /// <summary>A name that no other test uses.</summary>
    public static string NewTopic(string name) => $"{name}-{Interlocked.Increment(ref s_topics)}";

    public async Task<string> CreateTopicAsync(string name, int partitions = 1, params (string Name, string Value)[] settings)
    {
        var topic = NewTopic(name);
        await Sdk.Admin.CreateTopicAsync(topic, partitions, settings.ToDictionary(setting => setting.Name, setting => setting.Value));
        return topic;
    }
}
