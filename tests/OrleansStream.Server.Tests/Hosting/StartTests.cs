using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Tests.Fakes;
using OrleansStream.Testing;

namespace OrleansStream.Server.Tests.Hosting;

public sealed class StartTests
{
    [Theory]
    [InlineData("GatewayPort", "0")]
    [InlineData("SiloPort", "65536")]
    [InlineData("GatewayPort", "many")]
    [InlineData("GatewayPort", "11111")]
    [InlineData("AdvertisedAddress", "my-host")]
    [InlineData("DataPath", " ")]
    [InlineData("ClusterId", "")]
    [InlineData("PartitionIdleTimeout", "00:00:00")]
    [InlineData("RetentionInterval", "-00:00:01")]
    [InlineData("MaxFetchBytesInHand", "1")]
    [InlineData("GatwayPort", "30000")]
    public async Task A_wrong_setting_is_refused_by_its_full_name(string name, string value)
    {
        using var host = BuildHost(("OrleansStream:" + name, value));

        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());

        Assert.Contains("OrleansStream:" + name, refusal.Message, StringComparison.Ordinal);
        Assert.True(refusal is OptionsValidationException or InvalidOperationException, refusal.ToString());
    }

    [Fact]
    public void Settings_come_from_the_configuration_and_code_has_the_last_word()
    {
        using var host = BuildHost(server => server.SiloPort = 4000, ("OrleansStream:SiloPort", "1"), ("OrleansStream:ClusterId", "c"));

        var options = host.Services.GetRequiredService<IOptions<OrleansStreamServerOptions>>().Value;

        Assert.Equal((4000, "c", 30000), (options.SiloPort, options.ClusterId, options.GatewayPort));
    }

    [Fact]
    public async Task A_folder_in_use_stops_the_second_host_and_leaves_the_first_alone()
    {
        await using var first = await OrleansStreamTestHost.StartAsync();

        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(
            () => OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions { DataPath = first.DataPath }));

        Assert.Equal(ErrorCode.DataFolderInUse, refusal.ErrorCode);
        Assert.Contains(first.DataPath, refusal.Message, StringComparison.Ordinal);
        await first.ClusterClient.GetGrain<ITopicGrain>("t").CreateAsync(1, new Dictionary<string, string>());
    }

    [Fact]
    public async Task A_folder_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        await using var host = await OrleansStreamTestHost.StartAsync();
        await host.StopAsync();
        var format = Path.Combine(host.DataPath, "format");
        await File.WriteAllTextAsync(format, "99");

        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(() => host.StartAgainAsync());

        Assert.Equal(ErrorCode.DataFolderTooNew, refusal.ErrorCode);
        Assert.Equal("99", await File.ReadAllTextAsync(format));
    }

    [Fact]
    public async Task An_application_that_is_a_silo_already_adds_it_with_its_own_ports()
    {
        var folder = Directory.CreateTempSubdirectory("orleansstream-test-");
        var (siloPort, gatewayPort) = FreePorts.Find();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(siloPort, gatewayPort, null, "own", "own")
            .AddOrleansStream(server => server.DataPath = folder.FullName));
        using var host = builder.Build();
        await host.StartAsync();

        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var topic = await grains.GetGrain<ITopicGrain>("t").CreateAsync(1, new Dictionary<string, string>());
        var id = new PartitionId(topic.TopicId, 0);
        var produced = await grains.GetGrain<IPartitionGrain>(id.ToString()).ProduceAsync(new ProduceRequest(id, Batches.Of(1)));
        await host.StopAsync();

        Assert.Equal(ErrorCode.None, produced.Error);
        folder.Delete(recursive: true);
    }

    private static IHost BuildHost(params (string Name, string Value)[] settings) => BuildHost(null, settings);

    private static IHost BuildHost(Action<OrleansStreamServerOptions>? configure, params (string Name, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)));
        builder.AddOrleansStreamServer(configure);
        return builder.Build();
    }
}
