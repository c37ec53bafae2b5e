using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrleansStream.Kafka.Transport;

/// <summary>Kestrel's socket transport, with settings of its own beside those of a web server in the same application.</summary>
internal static class KafkaSockets
{
    /// <summary>What a connection may have received and not yet looked at; the network holds back the rest.</summary>
    private const int MaxUnreadBytes = 256 * 1024;

    public static IConnectionListenerFactory Create(ILoggerFactory loggers)
    {
        var services = new ServiceCollection();
        services.AddOptions();
        services.AddMetrics();
        services.AddSingleton(loggers);
        services.AddSingleton<IMemoryPoolFactory<byte>>(new LargeBlocks());
        new ServicesOnly(services).UseSockets(sockets =>
        {
            sockets.MaxReadBufferSize = MaxUnreadBytes;

            // No request blocks the thread that received it, so it need not go to another one.
            sockets.UnsafePreferInlineScheduling = true;
        });
        return services.BuildServiceProvider().GetRequiredService<IConnectionListenerFactory>();
    }

    /// <summary>The transport configures itself through a web host's builder, of which it uses nothing but the services.</summary>
    private sealed class ServicesOnly(IServiceCollection services) : IWebHostBuilder
    {
#pragma warning disable ASPDEPR008 // Nobody builds it.
        public IWebHost Build() => throw new NotSupportedException();
#pragma warning restore ASPDEPR008

        public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

        public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
        {
            configureServices(services);
            return this;
        }

        public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
        {
            configureServices(new WebHostBuilderContext(), services);
            return this;
        }

        public string? GetSetting(string key) => null;

        public IWebHostBuilder UseSetting(string key, string? value) => this;
    }
}
