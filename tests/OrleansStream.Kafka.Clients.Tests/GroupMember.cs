using System.Collections.Concurrent;
using System.Text;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>A consumer of a group, with its loop on a task of its own: what it saw, what it owns, and how often something was taken from it.</summary>
internal sealed class GroupMember : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly HashSet<TopicPartition> _owned = [];
    private readonly Task _loop;
    private volatile int _assignments;
    private int _revocations;
    private bool _isClosed;

    public GroupMember(IKafkaServers host, string group, string topic, Action<ConsumerConfig>? configure = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = host.Servers,
            GroupId = group,
            ClientId = "tests",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            SessionTimeoutMs = 3000,
            HeartbeatIntervalMs = 300,
            MaxPollIntervalMs = 20_000,
            AutoCommitIntervalMs = 200,
        };
        configure?.Invoke(config);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => Fatal = error.IsFatal ? error : Fatal)
            .SetLogHandler((_, _) => { })
            .SetPartitionsAssignedHandler((_, partitions) => Change(() => Give(partitions)))
            .SetPartitionsRevokedHandler((_, partitions) => Change(() => Take(partitions)))
            .SetPartitionsLostHandler((_, partitions) => Change(() => Take(partitions)))
            .Build();
        _consumer.Subscribe(topic);
        _loop = Task.Run(Loop);
    }

    public ConcurrentQueue<(TopicPartitionOffset At, string Value)> Seen { get; } = new();

    public Error? Fatal { get; private set; }

    /// <summary>What the application was told.</summary>
    public ConcurrentQueue<Error> Errors { get; } = new();

    public string MemberId => _consumer.MemberId;

    /// <summary>How many partitions were taken from it, all in all.</summary>
    public int Revocations => Volatile.Read(ref _revocations);

    /// <summary>How often it was given partitions.</summary>
    public int Assignments => _assignments;

    public int[] Owned
    {
        get
        {
            lock (_owned)
            {
                return [.. _owned.Select(partition => partition.Partition.Value).Order()];
            }
        }
    }

    /// <summary>Leaves the group.</summary>
    public async Task CloseAsync()
    {
        await StopAsync();
        if (!_isClosed)
        {
            _isClosed = true;
            if (Fatal is null)
            {
                _consumer.Close();
            }

            _consumer.Dispose();
        }
    }

    /// <summary>Goes without a word, as a process does that is killed.</summary>
    public async Task CrashAsync()
    {
        await StopAsync();
        _isClosed = true;
        _consumer.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private void Loop()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (_consumer.Consume(TimeSpan.FromMilliseconds(50)) is { IsPartitionEOF: false } result)
                {
                    Seen.Enqueue((result.TopicPartitionOffset, Encoding.UTF8.GetString(result.Message.Value ?? [])));
                }
            }
            catch (ConsumeException e)
            {
                // Where it can go on, the client does so by itself.
                Errors.Enqueue(e.Error);
                if (e.Error.IsFatal)
                {
                    Fatal = e.Error;
                    return;
                }
            }
        }
    }

    private void Change(Action change)
    {
        lock (_owned)
        {
            change();
        }
    }

    private void Give(List<TopicPartition> partitions)
    {
        _owned.UnionWith(partitions);
        _assignments++;
    }

    private void Take(List<TopicPartitionOffset> partitions)
    {
        _owned.ExceptWith(partitions.Select(partition => partition.TopicPartition));
        Interlocked.Add(ref _revocations, partitions.Count);
    }
}
