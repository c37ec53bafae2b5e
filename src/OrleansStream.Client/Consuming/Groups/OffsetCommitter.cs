using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Grains;
using OrleansStream.Groups;

namespace OrleansStream.Client.Consuming.Groups;

/// <summary>
/// Commits offsets, one request at a time so that a late retry never overtakes a newer commit. Safe for concurrent use.
/// A commit that fails changes nothing.
/// </summary>
internal sealed partial class OffsetCommitter : IDisposable
{
    // As the group's coordinator limits it.
    private const int MaxOffsetsPerRequest = 10_000;
    private const int MaxRefreshes = 3;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions _options;
    private readonly ConsumedPartitions _partitions;
    private readonly MemberIdentity? _member;
    private readonly IGroupGrain _group;
    private readonly ILogger _logger;
    private long _sequence;

    /// <param name="connection">The cluster.</param>
    /// <param name="options">They name the group.</param>
    /// <param name="partitions">What is assigned.</param>
    /// <param name="member">Null for commits from outside the group's membership.</param>
    public OffsetCommitter(ClusterConnection connection, ConsumerOptions options, ConsumedPartitions partitions, MemberIdentity? member)
    {
        _connection = connection;
        _options = options;
        _partitions = partitions;
        _member = member;
        _group = connection.Grains.Group(options.GroupId!);
        _logger = connection.Loggers.CreateLogger<OffsetCommitter>();
    }

    /// <summary>Commits, for each partition, the position behind everything that is done, unless that is committed already.</summary>
    public async Task CommitDoneAsync(IEnumerable<ConsumedPartition> partitions, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var offsets = new List<CommittedOffset>();
            foreach (var partition in partitions)
            {
                var progress = partition.Progress;
                if (progress.Done is { HasValue: true } done && done != partition.Committed)
                {
                    offsets.Add(new CommittedOffset(partition.TopicPartition, done, "", progress.DoneEpoch));
                }
            }

            await SendAsync(offsets, isStrict: false, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Commits offsets that the caller chose.</summary>
    public async Task CommitAsync(CommittedOffset[] offsets, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SendAsync(offsets, isStrict: true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What the group has committed for these partitions; those without a commit are left out.</summary>
    public Task<CommittedOffset[]> ReadAsync(TopicPartition[] partitions, CancellationToken cancellationToken) =>
        _connection.CallAsync(
            $"reading committed offsets of group '{_options.GroupId}'", () => _group.FetchOffsetsAsync(partitions), cancellationToken);

    /// <summary>Commits what is done again and again, until cancelled. Failures are logged; the next round makes up for them.</summary>
    public async Task CommitRegularlyAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.AutoCommitInterval, _connection.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                await TryCommitDoneAsync(_partitions.All, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>As <see cref="CommitDoneAsync"/>, but failures are logged: the records will be seen again.</summary>
    public async Task TryCommitDoneAsync(IEnumerable<ConsumedPartition> partitions, CancellationToken cancellationToken)
    {
        try
        {
            await CommitDoneAsync(partitions, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OrleansStreamException or OperationCanceledException)
        {
            CommitFailed(_options.GroupId, exception.Message);
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <param name="offsets">What to commit.</param>
    /// <param name="isStrict">Whether an offset of a partition that is no longer owned is an error, or left out.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task SendAsync(IEnumerable<CommittedOffset> offsets, bool isStrict, CancellationToken cancellationToken)
    {
        foreach (var chunk in offsets.Chunk(MaxOffsetsPerRequest))
        {
            await SendOnceAsync(chunk, isStrict, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SendOnceAsync(CommittedOffset[] offsets, bool isStrict, CancellationToken cancellationToken)
    {
        var start = _connection.Time.GetTimestamp();
        var refreshes = 0;
        for (var failures = 1; ; failures++)
        {
            var (memberId, generation) = _member?.Current ?? ("", Generation.None);
            var owned = Owned(offsets, isStrict);
            if (owned.Length == 0)
            {
                return;
            }

            // Every attempt has a number of its own, so that one that was given up cannot undo a later one.
            var request = new CommitRequest(memberId, generation, owned, ++_sequence);
            var (error, message, cause) = await TrySendAsync(request, cancellationToken).ConfigureAwait(false);
            if (error == ErrorCode.None)
            {
                Learn(owned);
                return;
            }

            // Whoever still owns a partition may commit it: what is missing is only to hear from the group.
            if (error is ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress && _member is not null && refreshes++ < MaxRefreshes)
            {
                await _member.RefreshAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (OrleansStreamException.IsRetriableCode(error) && _connection.Time.GetElapsedTime(start) < (error == ErrorCode.StorageError ? ClusterConnection.StorageTimeout : s_timeout))
            {
                await _connection.Retry.PauseAsync(failures, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                throw new OrleansStreamException(
                    error, $"Group '{_options.GroupId}' did not accept the commit: {message ?? error.ToString()}", cause);
            }
        }
    }

    private async Task<(ErrorCode Error, string? Message, Exception? Cause)> TrySendAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var response = await _group.CommitAsync(request).WaitAsync(cancellationToken).ConfigureAwait(false);
            return (response.Error, response.Message, null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var failure = CallFailure.From(exception);
            return (failure.Error, failure.Message, failure.Cause);
        }
    }

    /// <summary>A member commits only what it owns: elsewhere another one may be ahead of it.</summary>
    private CommittedOffset[] Owned(CommittedOffset[] offsets, bool isStrict)
    {
        if (_member is null)
        {
            return offsets;
        }

        var owned = Array.FindAll(offsets, offset => _partitions.TryFind(offset.TopicPartition, out _));
        if (isStrict && owned.Length < offsets.Length)
        {
            var lost = offsets.Select(offset => offset.TopicPartition).Except(owned.Select(offset => offset.TopicPartition));
            throw new OrleansStreamException(
                ErrorCode.IllegalGeneration,
                $"This member of group '{_options.GroupId}' does not own {string.Join(", ", lost)}, or not any more; "
                + "the owner commits for itself, and sees again what was not committed.");
        }

        return owned;
    }

    private void Learn(CommittedOffset[] offsets)
    {
        foreach (var offset in offsets)
        {
            if (_partitions.TryFind(offset.TopicPartition, out var partition))
            {
                partition!.Committed = offset.Offset;
            }
        }
    }

    [LoggerMessage(LogEvents.CommitFailed, LogLevel.Warning, "Group '{Group}': what is done could not be committed: {Detail}")]
    private partial void CommitFailed(string? group, string detail);
}
