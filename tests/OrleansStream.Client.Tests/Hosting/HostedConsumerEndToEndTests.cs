using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Hosting;
using OrleansStream.Client.Producing;
using OrleansStream.Client.Tests.Consuming;
using OrleansStream.Testing;

namespace OrleansStream.Client.Tests.Hosting;

/// <summary>Hosted consumers as an application registers them, against a real silo over TCP.</summary>
public sealed class HostedConsumerEndToEndTests : IAsyncLifetime
{
    private OrleansStreamTestHost _silo = null!;

    public async Task InitializeAsync()
    {
        _silo = await OrleansStreamTestHost.StartAsync();
        await _silo.Client.Admin.CreateTopicAsync("orders", 4);
    }

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task Applications_that_come_and_go_handle_every_record_in_order()
    {
        const int Count = 2000;
        var seen = new Seen();
        await ProduceAsync(0, Count / 2);
        using (var first = Application(seen, o => o with { Instances = 2 }))
        {
            await first.StartAsync();
            await Consumption.UntilAsync(() => seen.Handled >= Count / 4, "a part was handled");
            await first.StopAsync();
        }

        var handled = seen.Handled;
        using var second = Application(seen, o => o with { Instances = 3 });
        await second.StartAsync();
        await ProduceAsync(Count / 2, Count);
        await Consumption.UntilAsync(() => seen.Handled >= Count, "everything was handled");
        await second.StopAsync();

        Assert.InRange(handled, Count / 4, Count / 2);
        Assert.True(seen.Failed > 0);

        // Both stopped in order, so nothing came twice, and each partition's offsets came in sequence.
        Assert.Equal(Count, seen.Handled);
        Assert.All(seen.Offsets.Values, offsets => Assert.Equal(Enumerable.Range(0, offsets.Count).Select(n => (long)n), offsets));
    }

    [Fact]
    public async Task An_attempt_belongs_to_the_trace_of_its_producer()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "OrleansStream.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var seen = new Seen();
        using var application = Application(seen, o => o);
        await application.StartAsync();
        ActivityTraceId trace;
        using (var mine = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            trace = mine.TraceId;
            await ProduceAsync(0, 1);
        }

        await Consumption.UntilAsync(() => stopped.Any(a => a.TraceId == trace && a.Kind == ActivityKind.Consumer), "the handler was traced");

        var activity = stopped.First(a => a.TraceId == trace && a.Kind == ActivityKind.Consumer);
        Assert.Equal("process orders", activity.DisplayName);
        Assert.Equal("readers", activity.GetTagItem("messaging.consumer.group.name"));
        await application.StopAsync();
    }

    [Fact]
    public async Task Settings_come_from_the_configuration_and_a_wrong_one_is_refused_at_the_start()
    {
        using var application = Application(new Seen(), o => o, ("OrleansStream:Consumer:MaxAttempts", "0"));

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => application.StartAsync());

        Assert.Contains("MaxAttempts", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("'readers'", refusal.Message, StringComparison.Ordinal);
    }

    private async Task ProduceAsync(int from, int to)
    {
        await using var producer = _silo.Client.CreateProducer<string, int>();
        for (var i = from; i < to; i++)
        {
            await producer.EnqueueAsync(new ProducerRecord<string, int>("orders", $"customer-{i % 97}", i));
        }
    }

    private IHost Application(
        Seen seen, Func<HostedConsumerOptions<string, int>, HostedConsumerOptions<string, int>> change, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton(seen);
        builder.Services
            .AddOrleansStreamClient(client => client.Servers.Add(_silo.GatewayAddress))
            .AddConsumer<string, int, FlakyHandler>("readers", ["orders"], o => change(o with { RetryBackoff = TimeSpan.FromMilliseconds(1) }));
        return builder.Build();
    }

    /// <summary>What all handlers together have seen.</summary>
    private sealed class Seen
    {
        private readonly Random _random = new(42);
        private int _failed;

        public ConcurrentDictionary<TopicPartition, List<long>> Offsets { get; } = new();

        public int Handled => Offsets.Values.Sum(offsets => offsets.Count);

        public int Failed => _failed;

        public bool Fails()
        {
            lock (_random)
            {
                var fails = _random.Next(20) == 0;
                _failed += fails ? 1 : 0;
                return fails;
            }
        }
    }

    /// <summary>Fails now and then.</summary>
    private sealed class FlakyHandler(Seen seen) : IRecordHandler<string, int>
    {
        public async Task HandleAsync(ConsumedRecord<string, int> record, CancellationToken cancellationToken)
        {
            await Task.Yield();
            if (seen.Fails())
            {
                throw new TimeoutException("Now and then.");
            }

            seen.Offsets.GetOrAdd(record.TopicPartition, _ => []).Add(record.Offset.Value);
        }
    }
}
