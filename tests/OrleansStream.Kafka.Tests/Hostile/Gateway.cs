using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Transport;
using OrleansStream.Server.Hosting;
using OrleansStream.Testing;

namespace OrleansStream.Kafka.Tests.Hostile;

/// <summary>A silo with its Kafka port, in this process, whose patience and rooms a test chooses, and whose insides it can look at.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly ErrorLog _errors = new();
    private OrleansStreamTestHost _host = null!;

    public int Port { get; } = FindPort();

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Everything that was logged as an error: failures that nobody foresaw.</summary>
    public IReadOnlyCollection<string> Errors => _errors.Messages;

    /// <summary>What was logged as a warning, such as why a connection was closed.</summary>
    public IReadOnlyCollection<string> Warnings => _errors.Warnings;

    public KafkaConnectionHandler Connections => _host.Services.GetRequiredService<KafkaConnectionHandler>();

    public KafkaOptions Options => Shared.Options;

    public OrleansStream.Client.OrleansStreamClient Sdk => _host.Client;

    private KafkaConnectionContext Shared => _host.Services.GetRequiredService<KafkaConnectionContext>();

    /// <summary>What all rooms hold at the moment.</summary>
    public long BytesInHand => Shared.BytesInHand.Used + Shared.ParsedBytes.Used + _host.Services.GetRequiredService<AnswerRoom>().Room.Used;

    public static async Task<Gateway> StartAsync(Action<KafkaOptions>? configure = null, Action<OrleansStreamServerOptions>? configureServer = null)
    {
        var gateway = new Gateway();
        gateway._host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
        {
            ConfigureServer = configureServer,
            ConfigureHost = builder =>
            {
                builder.Logging.AddProvider(gateway._errors);
                builder.AddOrleansStreamKafka(kafka =>
                {
                    kafka.Port = gateway.Port;
                    configure?.Invoke(kafka);
                });
            },
        });
        return gateway;
    }

    /// <summary>Waits for something that comes about by itself.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, string what, int seconds = 15)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !condition();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(seconds), $"Not within {seconds} s: {what}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        private const int MaxKept = 100;

        private readonly ConcurrentQueue<string> _messages = new();
        private readonly ConcurrentQueue<string> _warnings = new();

        public IReadOnlyCollection<string> Messages => _messages;

        public IReadOnlyCollection<string> Warnings => _warnings;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var kept = logLevel >= LogLevel.Error ? _messages : _warnings;
            if (IsEnabled(logLevel) && kept.Count < MaxKept)
            {
                kept.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}
