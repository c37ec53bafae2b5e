using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Storage.Contract;
using OrleansStream.Topics;
using Xunit.Sdk;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// The life of one log, drawn from a seed: producers, rolls, retention, closing and taking over, on a disk that fills up, fails
/// and crashes at any step. After every opening the log must show what <see cref="LogModel"/> remembers. Everything runs on one
/// thread, so the seed alone decides what happens.
/// </summary>
internal sealed class LogSimulation
{
    private static readonly PartitionId s_partition = new(new Guid("00000000-0000-0000-0000-00000000abcd"), 0);

    private readonly Random _random;
    private readonly SimulatedDisk _disk;
    private readonly InlineScheduler _scheduler = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly LogModel _model = new();
    private readonly List<string> _trace = [];
    private readonly FileLogStoreOptions _options;
    private readonly TopicConfiguration _configuration;
    private SimulatedProducer[] _producers;
    private long _nextId;
    private long _nextProducerId;
    private FilePartitionLogStore? _store;
    private IPartitionLog? _log;
    private Offset _flushed;

    public LogSimulation(int seed)
    {
        _random = new Random(seed);
        _disk = new SimulatedDisk(_random, sectorBytes: _random.Next(3) switch { 0 => 64, 1 => 512, _ => 4096 }) { HasShortReads = _random.Next(4) == 0 };
        _nextId = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _options = new FileLogStoreOptions
        {
            Root = "/data/logs",
            MaxGroupBytes = _random.Next(1, 2000),
            CheckpointBytes = _random.Next(2) == 0 ? _random.Next(200, 2000) : 1_000_000,
            MaxOpenSegments = _random.Next(1, 4),
        };
        _configuration = TopicConfiguration.Default with
        {
            SegmentBytes = _random.Next(600, 3000),
            MaxBatchBytes = 1000,
            RetentionBytes = _random.Next(3) == 0 ? _random.Next(1000, 4000) : null,
            FlushMode = _random.Next(5) == 0 ? FlushMode.Os : FlushMode.Fsync,
        };
        _producers = NewProducers();
    }

    /// <summary>How often the log was compared with the model.</summary>
    public int Checks => _model.Checks;

    /// <summary>Lives the life.</summary>
    /// <exception cref="XunitException">An invariant broke; the message tells what happened before.</exception>
    public async Task RunAsync()
    {
        try
        {
            for (var life = _random.Next(2, 5); life > 0; life--)
            {
                await LiveUntilCrashAsync();
            }

            await OpenAsync();
            await ProduceAsync();
            await _model.CheckAsync(_log!, isNewOpening: false);
        }
        catch (Exception exception)
        {
            throw new XunitException($"{exception.Message}\n  {string.Join("\n  ", _trace)}\n{exception}");
        }
    }

    private async Task LiveUntilCrashAsync()
    {
        // The crash comes while opening, while working, or not at all: then the process is killed between two steps.
        _disk.CrashAtStep = _disk.Steps + _random.Next(1, 120);
        try
        {
            await OpenAsync();
            for (var step = _random.Next(1, 12); step > 0 && !_disk.IsDown; step--)
            {
                await StepAsync();
            }
        }
        catch (OrleansStreamException exception) when (_disk.IsDown || exception.ErrorCode == ErrorCode.DiskFull)
        {
            _trace.Add($"  stopped: {exception.ErrorCode}");
        }

        var losePower = _random.Next(3) > 0;
        _trace.Add($"{(_disk.IsDown ? "crash" : "kill")}, power {(losePower ? "lost" : "kept")}");
        _disk.Restart(losePower);
        _store = null;
        _log = null;
        if (losePower && _configuration.FlushMode == FlushMode.Os)
        {
            // Allowed in this mode, and it takes the producers' sequences along.
            _model.MayLose(_flushed);
            _producers = NewProducers();
        }
    }

    private async Task StepAsync()
    {
        switch (_random.Next(16))
        {
            case 0:
                _trace.Add("roll");
                await ExpectAsync(_log!.RollAsync(CancellationToken.None));
                break;
            case 1:
                await TrimAsync();
                break;
            case 2:
                await CloseAsync();
                break;
            case 3:
                await TakeOverAsync();
                break;
            case 4:
                _disk.CapacityBytes = _disk.UsedBytes + _random.Next(600);
                _trace.Add($"disk full at {_disk.CapacityBytes}");
                await ProduceAsync();
                _disk.CapacityBytes = null;
                break;
            case 5:
                await FailAsync();
                break;
            case 6:
                _time.Advance(TimeSpan.FromSeconds(_random.Next(1, 5)));
                _flushed = _log!.Offsets.RecoveryPoint;
                break;
            case 7:
                await RepeatAsync();
                break;
            case 8:
                await _model.CheckAsync(_log!, isNewOpening: false);
                break;
            default:
                await ProduceAsync();
                break;
        }
    }

    private async Task OpenAsync()
    {
        _store ??= new FilePartitionLogStore(_options, _disk, _scheduler, _time, NullLoggerFactory.Instance);
        _log = await _store.OpenAsync(s_partition, _configuration, CancellationToken.None);
        _trace.Add($"open: epoch {_log.LeaderEpoch}, {_log.Offsets}");
        await _model.CheckAsync(_log, isNewOpening: true);
        _flushed = _log.Offsets.RecoveryPoint;
    }

    private async Task ProduceAsync()
    {
        // Held, so that what follows becomes one group or several, and some batches are sent again in the same group.
        _scheduler.IsHeld = true;
        var appends = new List<(SimulatedProducer Producer, SentBatch Batch, Task<AppendResult> Result)>();
        foreach (var producer in _producers)
        {
            if (_random.Next(3) == 0)
            {
                continue;
            }

            if (!producer.IsIdempotent)
            {
                producer.Unacknowledged.Clear();
            }

            var batches = producer.Unacknowledged.ToList();
            for (var i = _random.Next(0, 4); i > 0 && producer.Unacknowledged.Count < 4; i--)
            {
                var sent = producer.Send(_random, _nextId++);
                _model.Sent(sent);
                batches.Add(sent);
            }

            if (producer.IsIdempotent && batches.Count > 0 && _random.Next(6) == 0)
            {
                batches.Add(batches[^1]);
            }

            appends.AddRange(batches.Select(batch => (producer, batch, _log!.AppendAsync(batch.Bytes, CancellationToken.None).AsTask())));
        }

        _scheduler.Release();
        foreach (var (producer, batch, append) in appends)
        {
            Judge(producer, batch, await append);
        }

        _trace.Add($"produced {string.Join(", ", appends.Select(append => $"{append.Batch.Id % 100_000}@{append.Batch.StoredAt?.ToString() ?? "?"}"))} -> {_log!.Offsets.LogEnd}");
        _flushed = _log.Offsets.RecoveryPoint;
    }

    private void Judge(SimulatedProducer producer, SentBatch batch, AppendResult result)
    {
        switch (result.Error)
        {
            case ErrorCode.None:
                if (!producer.IsIdempotent || producer.Unacknowledged.Contains(batch))
                {
                    producer.Acknowledge(batch);
                }

                _model.Acknowledged(batch, result.BaseOffset);
                break;
            case ErrorCode.DiskFull or ErrorCode.OutOfOrderSequenceNumber:
                // What comes after a batch that found no room is out of order until that one was sent again.
                Require(_disk.CapacityBytes is not null, "the disk is not full");
                break;
            case ErrorCode.StorageError or ErrorCode.FencedLeaderEpoch:
                break;
            default:
                Require(false, $"batch {batch.Id}: {result.Error} {result.Message}");
                break;
        }
    }

    private async Task RepeatAsync()
    {
        foreach (var producer in _producers)
        {
            if (producer.FindRecent() is { } recent)
            {
                var result = await _log!.AppendAsync(recent.Bytes, CancellationToken.None);
                Require(
                    result.Error != ErrorCode.None || (result.IsDuplicate && result.BaseOffset == recent.StoredAt),
                    $"I8: batch {recent.Id} at {recent.StoredAt} was sent again and answered {result}");
            }
        }
    }

    private async Task TrimAsync()
    {
        if (_random.Next(2) == 0)
        {
            _trace.Add("retention");
            _model.MayTrim(_log!.Offsets.HighWatermark);
            await ExpectAsync(_log.ApplyRetentionAsync(CancellationToken.None));
        }
        else
        {
            var offsets = _log!.Offsets;
            var before = new Offset(_random.NextInt64(offsets.LogStart.Value, offsets.HighWatermark.Value + 1));
            _trace.Add($"delete before {before}");
            _model.MayTrim(before);
            await _log.DeleteRecordsAsync(before, CancellationToken.None);
        }

        _model.Trimmed(_log.Offsets.LogStart);
    }

    private async Task CloseAsync()
    {
        _trace.Add("close");
        var description = _log!.Describe();
        await _log.DisposeAsync();
        if (_disk.IsDown || _log.Completion.IsFaulted)
        {
            return;
        }

        var closed = await _store!.DescribeAsync(s_partition, CancellationToken.None);
        var offsets = description.Offsets;
        var expected = description with { Offsets = new LogOffsets(offsets.LogStart, offsets.HighWatermark, offsets.LogEnd, offsets.LogEnd) };
        Require(closed == expected, $"closed it is described as {closed}, open as {expected}");
        if (_random.Next(2) == 0)
        {
            _trace.Add("retention while closed");
            _model.MayTrim(offsets.HighWatermark);
            await _store.ApplyRetentionAsync(s_partition, _configuration, CancellationToken.None);
        }

        await OpenAsync();
    }

    private async Task TakeOverAsync()
    {
        _trace.Add("take over");
        var earlier = _log!;
        _log = await _store!.OpenAsync(s_partition, _configuration, CancellationToken.None);
        await _model.CheckAsync(_log, isNewOpening: true);
        var refused = await earlier.AppendAsync(TestBatch.Of(), CancellationToken.None);
        Require(refused.Error == ErrorCode.FencedLeaderEpoch, $"I4: an append of the earlier opening was answered {refused}");
        Require(earlier.Completion.IsFaulted, "the earlier opening has not ended");
    }

    private async Task FailAsync()
    {
        var isFlush = _random.Next(2) == 0;
        _trace.Add(isFlush ? "flush fails" : "write fails");
        _disk.FailingFlushes = isFlush ? 1 : 0;
        _disk.FailingWrites = isFlush ? 0 : 1;
        await ProduceAsync();
        _disk.FailingFlushes = _disk.FailingWrites = 0;
        if (_log!.Completion.IsCompleted)
        {
            Require((await _log.AppendAsync(TestBatch.Of(), CancellationToken.None)).Error == ErrorCode.StorageError, "a failed log took an append");
            await OpenAsync();
        }
    }

    // A full disk may refuse anything; then nothing has changed.
    private async Task ExpectAsync(ValueTask task)
    {
        try
        {
            await task;
        }
        catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.DiskFull && _disk.CapacityBytes is not null)
        {
            _trace.Add($"  {exception.ErrorCode}");
        }
    }

    private SimulatedProducer[] NewProducers() =>
    [
        new SimulatedProducer(-1), new SimulatedProducer(_nextProducerId++), new SimulatedProducer(_nextProducerId++), new SimulatedProducer(_nextProducerId++),
    ];

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new XunitException(message);
        }
    }
}
