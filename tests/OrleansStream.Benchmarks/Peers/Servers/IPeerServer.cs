namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>A server that speaks the Kafka protocol, in a process of its own, with a new folder; disposal kills it.</summary>
internal interface IPeerServer : IAsyncDisposable
{
    /// <summary>The side it stands for in the results.</summary>
    string Name { get; }

    /// <summary>Where Kafka clients connect, as <c>host:port</c>.</summary>
    string Bootstrap { get; }

    /// <summary>The process that serves.</summary>
    int ProcessId { get; }

    /// <summary>What has to be done once before the first start and is not part of it.</summary>
    Task PrepareAsync();

    /// <summary>Launches the process; it serves some time later.</summary>
    Task LaunchAsync();

    /// <summary>Creates a topic with the server's default settings.</summary>
    Task CreateTopicAsync(string topic, int partitions);

    /// <summary>Asks the process to end, as an administrator does, and waits for it.</summary>
    Task StopAsync();

    /// <summary>Ends the process with signal 9.</summary>
    Task KillAsync();
}
