using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Partitions;
using OrleansStream.Storage.Scheduling;
using OrleansStream.Storage.Segments;
using OrleansStream.Topics;

namespace OrleansStream.Storage;

/// <summary>
/// Logs as files under one folder, written by a few threads of the store's own. Openings, deletions and looks at one partition
/// come one after the other; partitions do not wait for each other.
/// </summary>
public sealed partial class FilePartitionLogStore : IPartitionLogStore
{
    private readonly FileLogStoreOptions _options;
    private readonly IFileSystem _files;
    private readonly ILogScheduler _scheduler;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly OpenSegments _openSegments;
    private readonly PartitionGates _gates = new();
    private readonly ConcurrentDictionary<PartitionId, PartitionLog> _open = new();
    private volatile bool _isDisposed;

    /// <summary>Makes a store over a folder of this machine. Nothing is touched before the first call.</summary>
    public FilePartitionLogStore(FileLogStoreOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory)
        : this(options, DiskFileSystem.Instance, new IoThreads($"log {options?.Name}", options?.IoThreads ?? 0), timeProvider, loggerFactory)
    {
    }

    internal FilePartitionLogStore(
        FileLogStoreOptions options, IFileSystem files, ILogScheduler scheduler, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _files = files;
        _scheduler = scheduler;
        _timeProvider = timeProvider;
        _logger = loggerFactory.CreateLogger<FilePartitionLogStore>();
        _openSegments = new OpenSegments(options.MaxOpenSegments);
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public async ValueTask<IPartitionLog> OpenAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(partition, cancellationToken).ConfigureAwait(false);
        if (_isDisposed)
        {
            throw new OrleansStreamException(ErrorCode.StorageError, $"The log of {partition} cannot be opened because its store is closed.");
        }

        var context = ContextOf(partition);

        // 1. The next epoch is durable before anything else happens: whatever goes wrong later, it is never given out again.
        var (lastEpoch, epoch) = await OnDiskAsync(() => ClaimEpoch(context, atLeast: LeaderEpoch.None), $"opening {partition}").ConfigureAwait(false);

        // 2. The earlier opening ends with its running turn, so that nobody writes while the log is recovered.
        if (_open.TryGetValue(partition, out var earlier))
        {
            await earlier.EndAsync(LogEnd.Fenced(partition, earlier.LeaderEpoch)).ConfigureAwait(false);
        }

        // 3. Whatever it left is brought in order.
        var log = await OnDiskAsync(() => Recover(context, configuration, lastEpoch, epoch), $"opening {partition}").ConfigureAwait(false);
        _open[partition] = log;
        _ = log.Completion.ContinueWith(
            _ => _open.TryRemove(new KeyValuePair<PartitionId, PartitionLog>(partition, log)),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return log;
    }

    /// <inheritdoc/>
    public async ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(partition, cancellationToken).ConfigureAwait(false);
        return _open.TryGetValue(partition, out var log) && !log.Completion.IsCompleted
            ? log.Describe()
            : await OnDiskAsync(() => ClosedLog.TryRead(ContextOf(partition))?.Describe(), $"describing {partition}").ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask ApplyRetentionAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(partition, cancellationToken).ConfigureAwait(false);
        if (_open.TryGetValue(partition, out var log) && !log.Completion.IsCompleted)
        {
            await log.ApplyRetentionAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        await OnDiskAsync(
            () =>
            {
                ClosedLog.TryRead(ContextOf(partition))?.ApplyRetention(configuration);
                return true;
            },
            $"deleting old segments of {partition}").ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(partition, cancellationToken).ConfigureAwait(false);
        if (_open.TryGetValue(partition, out var log))
        {
            await log.EndAsync(LogEnd.Deleted(partition)).ConfigureAwait(false);
        }

        await OnDiskAsync(
            () =>
            {
                DeleteFolder(LogFolder.Of(_options.Root, partition));
                return true;
            },
            $"deleting {partition}").ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<PartitionId> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var topic in await OnDiskAsync(() => _files.ListDirectories(_options.Root), "listing the logs").ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Guid.TryParseExact(topic, "N", out var topicId))
            {
                continue;
            }

            var folder = Path.Combine(_options.Root, topic);
            var names = await OnDiskAsync(() => _files.ListDirectories(folder), "listing the logs").ConfigureAwait(false);

            // Half deleted logs are listed too, so that whoever compares with the catalog deletes the rest.
            foreach (var name in names.Select(name => name.Replace(LogFolder.DeletedSuffix, "", StringComparison.Ordinal)).Distinct())
            {
                if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    yield return new PartitionId(topicId, number);
                }
            }
        }
    }

    /// <summary>Closes every log that is open, then the threads.</summary>
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await Task.WhenAll(_open.Values.Select(log => log.DisposeAsync().AsTask())).ConfigureAwait(false);
        (_scheduler as IDisposable)?.Dispose();
    }

    /// <summary>
    /// Ends every open log as the end of the process would: what is queued is dropped and nothing is noted, so that the next opening
    /// has to recover. For tests of exactly that.
    /// </summary>
    internal Task AbandonAsync()
    {
        _isDisposed = true;
        return Task.WhenAll(_open.Values.Select(log => log.EndAsync(LogEnd.Closed(log.Partition))));
    }

    private static (LeaderEpoch Last, LeaderEpoch Claimed) ClaimEpoch(FileLogContext context, LeaderEpoch atLeast)
    {
        PrepareFolder(context);
        using var marks = LogMarks.Open(context.Files, context.Folder);
        var last = marks.LeaderEpoch;
        marks.SetLeaderEpoch((last > atLeast ? last : atLeast).Next());
        return (last, marks.LeaderEpoch);
    }

    private static void PrepareFolder(FileLogContext context)
    {
        var folder = context.Folder;
        context.Files.CreateDirectory(folder.Path);
        if (!context.Files.FileExists(folder.Marks))
        {
            // The folders may be there because a process was killed between making and flushing them. The marks come last, so
            // whoever finds them need not do this again.
            foreach (var parent in new[] { Path.GetDirectoryName(Path.GetDirectoryName(folder.Parent)), Path.GetDirectoryName(folder.Parent), folder.Parent })
            {
                if (!string.IsNullOrEmpty(parent))
                {
                    context.Files.FlushDirectory(parent);
                }
            }
        }
    }

    private PartitionLog Recover(FileLogContext context, TopicConfiguration configuration, LeaderEpoch lastEpoch, LeaderEpoch epoch)
    {
        var marks = LogMarks.Open(context.Files, context.Folder);
        try
        {
            var recovered = new LogRecovery(context, marks, lastEpoch).Run();
            if (recovered.State.Epochs.Latest >= epoch)
            {
                // The marks were lost; the batches remember an epoch that was given out before.
                (_, epoch) = ClaimEpoch(context, atLeast: recovered.State.Epochs.Latest);
            }

            var backend = new FileLogBackend(context, marks, recovered);
            var offsets = recovered.State.Bounds.Current;
            LogOpened(_logger, context.Partition, epoch, offsets.LogStart, offsets.LogEnd);
            var log = new PartitionLog(
                new PartitionLogContext
                {
                    Partition = context.Partition,
                    LeaderEpoch = epoch,
                    Backend = backend,
                    State = recovered.State,
                    Scheduler = _scheduler,
                    TimeProvider = _timeProvider,
                    Logger = _logger,
                    MaxGroupBytes = _options.MaxGroupBytes,
                    CheckpointBytes = _options.CheckpointBytes,
                    BackgroundFlushInterval = _options.BackgroundFlushInterval,
                },
                configuration);
            if (recovered.NeedsCheckpoint)
            {
                log.RequestCheckpoint();
            }

            return log;
        }
        catch
        {
            marks.Dispose();
            throw;
        }
    }

    private void DeleteFolder(LogFolder folder)
    {
        // A crash in the middle must not leave a log that opens as damaged: first it loses its name, in one step.
        _files.DeleteDirectory(folder.Deleted);
        if (_files.DirectoryExists(folder.Path))
        {
            _files.MoveDirectory(folder.Path, folder.Deleted);
            _files.FlushDirectory(folder.Parent);
            _files.DeleteDirectory(folder.Deleted);
        }

        _files.DeleteDirectoryIfEmpty(folder.Parent);
    }

    private FileLogContext ContextOf(PartitionId partition) =>
        new(partition, LogFolder.Of(_options.Root, partition), _files, _openSegments, _timeProvider, _logger);

    private async Task<T> OnDiskAsync<T>(Func<T> function, string doing)
    {
        try
        {
            return await _scheduler.RunAsync(function).ConfigureAwait(false);
        }
        catch (Exception exception) when (DiskErrors.IsDiskTrouble(exception))
        {
            throw DiskErrors.Translate(exception, doing);
        }
    }

    [LoggerMessage(LogEvents.LogOpened, LogLevel.Information, "Opened the log of {Partition} at epoch {LeaderEpoch}, offsets {LogStart} to {LogEnd}")]
    private static partial void LogOpened(ILogger logger, PartitionId partition, LeaderEpoch leaderEpoch, Offset logStart, Offset logEnd);
}
