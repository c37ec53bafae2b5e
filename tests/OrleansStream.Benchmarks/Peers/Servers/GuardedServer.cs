using OrleansStream.Benchmarks.Peers.Clients;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>What servers have in common: a process under the guard of the test servers, which ends with this one, and the Kafka protocol, unless they say otherwise.</summary>
internal abstract class GuardedServer(string name, string folder, string program) : IPeerServer
{
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(30);

    private readonly int _port = LocalPort.FindFree();
    private SiloProcess? _process;

    public string Name => name;

    public string Bootstrap => $"127.0.0.1:{_port}";

    public int ProcessId => _process!.ProcessId;

    public virtual ReadOnlyMemory<byte> Question => Readiness.KafkaQuestion;

    protected string Folder => folder;

    protected int Port => _port;

    protected abstract IReadOnlyList<string> Arguments { get; }

    public virtual Task PrepareAsync() => Task.CompletedTask;

    public virtual IPeerClient CreateClient() => new ConfluentClient(Bootstrap);

    public virtual Task LaunchAsync()
    {
        // Only the guard is of use here: readiness is asked for in the protocol that a peer serves.
        _process ??= new SiloProcess(new SiloPlace(name, "127.0.0.1", 0, 0, 0), program, Arguments, Path.Combine(folder, "server.log"));
        return _process.LaunchAsync();
    }

    public abstract Task CreateTopicAsync(string topic, int partitions);

    public virtual async Task StopAsync()
    {
        // The exit code tells nothing: Java's is that of the signal, also after an orderly end.
        await _process!.TerminateAsync(s_stopPatience);
    }

    public virtual Task KillAsync() => _process!.KillAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }
}
