using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>
/// Writes one group's document and offsets, for the grain that coordinates it and on its scheduler. One round of writing runs
/// at a time, and what is asked for meanwhile shares the next. After the first error (<see cref="Failure"/>) nothing is
/// written any more: memory may be ahead of the store then, and the coordinator has to start over from what is stored.
/// </summary>
/// <remarks>
/// A round writes offsets before the document. So the commits that were accepted before a partition is granted to its next
/// owner are durable before that owner hears of the grant and reads where to begin.
/// </remarks>
internal sealed class GroupWriter(IGroupStore store, TimeProvider time, string groupId, IStoredState group, long version, long savedRevision)
{
    private Round? _gathering;
    private bool _running;
    private bool _hasSaved;
    private long _version = version;
    private long _savedRevision = savedRevision;
    private long _verifiedAt = time.GetTimestamp();

    /// <summary>Why this coordinator must stop; null while it may go on.</summary>
    public OrleansStreamException? Failure { get; private set; }

    /// <summary>False for a group of which nothing was ever stored.</summary>
    public bool IsStored => _version != 0;

    /// <summary>
    /// Waits until everything that the group is at this moment is stored, and was not replaced by another coordinator longer ago
    /// than <see cref="GroupLimits.MaxUnverified"/>: what every answer waits for.
    /// </summary>
    public Task SaveAsync()
    {
        if (Failure is not null)
        {
            return Task.FromException(Failure);
        }

        var unverified = IsStored && time.GetElapsedTime(_verifiedAt) >= GroupLimits.MaxUnverified;
        return group.Revision != _savedRevision || unverified ? EnterRoundAsync(round => round.Verify |= unverified) : Task.CompletedTask;
    }

    /// <summary>Makes sure that this is still the group's coordinator.</summary>
    public Task VerifyAsync() => EnterRoundAsync(round => round.Verify = true);

    /// <summary>Writes offsets; they are durable on return.</summary>
    public Task CommitAsync(IReadOnlyList<StoredOffset> offsets) => EnterRoundAsync(round =>
    {
        foreach (var offset in offsets)
        {
            // The later one counts; no store has to decide between two offsets of one partition.
            round.Offsets[offset.Partition] = offset;
        }
    });

    /// <summary>Removes the group from the store; nothing can be written afterwards.</summary>
    public Task DeleteAsync() => EnterRoundAsync(round => round.Delete = true);

    private Task EnterRoundAsync(Action<Round> enter)
    {
        if (Failure is not null)
        {
            return Task.FromException(Failure);
        }

        var round = _gathering ??= new Round();
        enter(round);
        if (!_running)
        {
            _running = true;
            _ = RunAsync();
        }

        return round.Done.Task;
    }

    private async Task RunAsync()
    {
        while (_gathering is { } round)
        {
            _gathering = null;
            try
            {
                await WriteAsync(round);
                round.Done.SetResult();
            }
            catch (Exception e)
            {
                Fail(e, round);
            }
        }

        _running = false;
    }

    private async Task WriteAsync(Round round)
    {
        var startedAt = time.GetTimestamp();
        if (!_hasSaved && round.Offsets.Count > 0)
        {
            // A commit of an earlier coordinator that nobody waited for any more may still be on its way; it must not undo this one.
            await SaveDocumentAsync();
        }

        var isDirty = group.Revision != _savedRevision;
        if ((round.Offsets.Count > 0 || (round.Verify && IsStored && !isDirty))
            && !await store.TryCommitAsync(groupId, _version, [.. round.Offsets.Values], CancellationToken.None))
        {
            throw Replaced();
        }

        if (group.Revision != _savedRevision)
        {
            await SaveDocumentAsync();
        }

        _verifiedAt = startedAt;
        if (round.Delete)
        {
            if (!await store.TryDeleteAsync(groupId, _version, CancellationToken.None))
            {
                throw Replaced();
            }

            Failure = new OrleansStreamException(ErrorCode.CoordinatorLoadInProgress, "The group was deleted at this moment; try again.");
            FailGathering();
        }
    }

    private async Task SaveDocumentAsync()
    {
        var revision = group.Revision;
        var stored = new StoredGroup(groupId, _version, group.Generation, group.MemberCount, group.ToDocument().ToJson());
        _version = await store.TrySaveAsync(stored, CancellationToken.None) ?? throw Replaced();
        _savedRevision = revision;
        _hasSaved = true;
    }

    private void Fail(Exception reason, Round round)
    {
        Failure ??= reason as OrleansStreamException ?? new OrleansStreamException(
            ErrorCode.StorageError, $"The state of the group could not be stored ({reason.Message}); try again.", reason);
        round.Done.SetException(Failure);
        FailGathering();
    }

    private void FailGathering()
    {
        var waiting = _gathering;
        _gathering = null;
        waiting?.Done.SetException(Failure!);
    }

    private static OrleansStreamException Replaced() => new(
        ErrorCode.CoordinatorLoadInProgress, "Another silo took over the coordination of the group; try again.");

    private sealed class Round
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Dictionary<PartitionId, StoredOffset> Offsets { get; } = [];

        public bool Verify { get; set; }

        public bool Delete { get; set; }
    }
}
