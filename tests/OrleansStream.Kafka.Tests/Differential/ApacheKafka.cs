using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.Kafka.Wire;
using OrleansStream.TestServers;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>A broker of Apache Kafka, as it is installed on this machine.</summary>
internal sealed class ApacheKafka : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansstream-reference-");
    private SiloProcess? _process;
    private Dictionary<short, (short Min, short Max)> _versions = [];

    private ApacheKafka()
    {
    }

    public int Port { get; } = LocalPort.FindFree();

    /// <summary>Starts it; on return it coordinates groups.</summary>
    public static async Task<ApacheKafka> StartAsync()
    {
        var kafka = new ApacheKafka();
        try
        {
            await kafka.LaunchAsync();
            return kafka;
        }
        catch
        {
            await kafka.DisposeAsync();
            throw;
        }
    }

    /// <summary>The versions of an API that it understands and we do too.</summary>
    public (short From, short To) VersionsInCommon(ApiDescription api) =>
        _versions.TryGetValue((short)api.Key, out var theirs) ? (Math.Max(api.MinVersion, theirs.Min), Math.Min(api.MaxVersion, theirs.Max)) : ((short)0, (short)-1);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private async Task LaunchAsync()
    {
        var installation = new KafkaInstallation(KafkaInstallation.FindHome(out var reason) ?? throw new InvalidOperationException(reason));
        var arguments = await installation.PrepareBrokerAsync(_folder.FullName, Port, LocalPort.FindFree(), "offsets.topic.num.partitions=1", "auto.create.topics.enable=false");
        var log = Path.Combine(_folder.FullName, "broker.log");
        _process = new SiloProcess(new SiloPlace("kafka", "127.0.0.1", 0, 0, 0), "java", arguments, log);
        await _process.LaunchAsync();
        for (var start = TimeProvider.System.GetTimestamp(); !await CoordinatesAsync(); await Task.Delay(100))
        {
            Assert.True(
                _process.IsRunning && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(90),
                $"The reference did not become ready: {await File.ReadAllTextAsync(log)}");
        }
    }

    private async Task<bool> CoordinatesAsync()
    {
        try
        {
            using var client = await RawClient.ConnectAsync(Port);
            var versions = await client.AskAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
            _versions = versions.ApiKeys.ToDictionary(api => api.ApiKey, api => (api.MinVersion, api.MaxVersion));
            await client.AskAsync<FindCoordinatorRequest, FindCoordinatorResponse>(new() { Key = "any" }, 3);
            var beat = await client.AskAsync<HeartbeatRequest, HeartbeatResponse>(new() { GroupId = "any", MemberId = "nobody", GenerationId = 1 }, 3);
            return beat.ErrorCode == (short)ErrorCode.UnknownMemberId;
        }
        catch (Exception failure) when (failure is System.Net.Sockets.SocketException or EndOfStreamException)
        {
            return false;
        }
    }
}

/// <summary>A test that compares with Apache Kafka, and says so where that is not installed.</summary>
public sealed class ApacheKafkaFactAttribute : FactAttribute
{
    public ApacheKafkaFactAttribute() => Skip = KafkaInstallation.FindHome(out var reason) is null ? $"Apache Kafka is not there to compare with: {reason}." : null;
}
