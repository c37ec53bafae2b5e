using OrleansStream.Benchmarks.Peers.Clients;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>A server in a process of its own, with a new folder; disposal kills it.</summary>
internal interface IPeerServer : IAsyncDisposable
{
    /// <summary>The side it stands for in the results.</summary>
    string Name { get; }

    /// <summary>Where its clients connect, as <c>host:port</c>.</summary>
    string Bootstrap { get; }

    /// <summary>The process that serves.</summary>
    int ProcessId { get; }

    /// <summary>What it answers as soon as it serves.</summary>
    ReadOnlyMemory<byte> Question { get; }

    /// <summary>What has to be done once before the first start and is not part of it.</summary>
    Task PrepareAsync();

    /// <summary>Launches the process; it serves some time later.</summary>
    Task LaunchAsync();

    /// <summary>The normal client of its protocol.</summary>
    IPeerClient CreateClient();

    /// <summary>Creates a topic with the server's default settings.</summary>
    Task CreateTopicAsync(string topic, int partitions);

    /// <summary>Asks the process to end, as an administrator does, and waits for it.</summary>
    Task StopAsync();

    /// <summary>Ends the process with signal 9.</summary>
    Task KillAsync();
}
