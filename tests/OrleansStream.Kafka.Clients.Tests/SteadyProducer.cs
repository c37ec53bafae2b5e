using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>
/// Writes the numbers from 0 on at a steady rate, idempotently, and notes where they are stored. Those that leave the same rest share a key, so of
/// a key they are written in ascending order.
/// </summary>
internal sealed class SteadyProducer : IAsyncDisposable
{
    private const int Keys = 60;
    public const int RecordsPerSecond = 200;

    private readonly CancellationTokenSource _stop = new();
    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly Task _loop;
    private volatile int _sent;

    public SteadyProducer(IKafkaServers servers, string topic)
    {
        _producer = servers.CreateProducer(
            config =>
            {
                config.EnableIdempotence = true;
                config.LingerMs = 150;
                config.MessageTimeoutMs = 60_000;
            },
            error => Fatal = error.IsFatal ? error : Fatal);
        _loop = Task.Run(() => SendAsync(topic));
    }

    /// <summary>How many were handed to the client.</summary>
    public int Sent => _sent;

    /// <summary>Where each number is that was acknowledged.</summary>
    public ConcurrentDictionary<int, (int Partition, long Offset)> Stored { get; } = new();

    /// <summary>What the application was told of records that were not stored.</summary>
    public ConcurrentQueue<Error> Failed { get; } = new();

    public Error? Fatal { get; private set; }

    public static int KeyOf(int number) => number % Keys;

    /// <summary>Sends nothing more; completes when the last one is stored.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        Assert.Equal(0, _producer.Flush(TimeSpan.FromSeconds(60)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _producer.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync(string topic)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var start = Stopwatch.GetTimestamp(); !_stop.IsCancellationRequested; await timer.WaitForNextTickAsync())
        {
            for (var due = (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * RecordsPerSecond); _sent < due; _sent++)
            {
                var number = _sent;
                _producer.Produce(topic, new() { Key = Bytes(KeyOf(number)), Value = Bytes(number) }, report => Note(number, report));
            }
        }
    }

    private void Note(int number, DeliveryReport<byte[]?, byte[]?> report)
    {
        if (report.Error.IsError)
        {
            Failed.Enqueue(report.Error);
        }
        else
        {
            Stored[number] = (report.Partition.Value, report.Offset.Value);
        }
    }

    private static byte[] Bytes(int number) => Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
