using Microsoft.Extensions.Time.Testing;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Storage;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>A store that did not answer a commit, and carries it out later than anybody waited.</summary>
public sealed class LateCommitTests
{
    private static readonly PartitionId s_partition = new(Guid.NewGuid(), 0);

    private readonly LateStore _store = new();

    [Fact]
    public async Task It_undoes_no_later_commit_also_in_a_group_without_members()
    {
        await (await LoadAsync()).Writer.CommitAsync([At(1)]);
        var first = await LoadAsync();
        await first.Writer.CommitAsync([At(4)]);
        _store.IsSilent = true;
        await Assert.ThrowsAsync<OrleansStreamException>(() => first.Writer.CommitAsync([At(5)]));
        _store.IsSilent = false;

        await (await LoadAsync()).Writer.CommitAsync([At(9)]);
        _store.CarryOut();

        Assert.Equal(new Offset(9), _store.Committed);
    }

    private Task<GroupCoordinator> LoadAsync() => GroupCoordinator.LoadAsync(_store, new ClassicGroupOptions(), new FakeTimeProvider(), "g");

    private static StoredOffset At(long offset) => new(s_partition, new Offset(offset), "", LeaderEpoch.None, DateTimeOffset.UnixEpoch);

    private sealed class LateStore : IGroupStore
    {
        private readonly List<Action> _late = [];
        private StoredGroup? _group;
        private long _lastVersion;

        public bool IsSilent { get; set; }

        public Offset Committed { get; private set; }

        public void CarryOut() => _late.ForEach(commit => commit());

        public ValueTask<StoredGroup?> LoadAsync(string groupId, CancellationToken cancellationToken) => new(_group);

        public ValueTask<long?> TrySaveAsync(StoredGroup group, CancellationToken cancellationToken)
        {
            if (group.Version != (_group?.Version ?? 0))
            {
                return new((long?)null);
            }

            _group = group with { Version = ++_lastVersion };
            return new(_group.Version);
        }

        public ValueTask<bool> TryCommitAsync(string groupId, long version, IReadOnlyList<StoredOffset> offsets, CancellationToken cancellationToken)
        {
            if (IsSilent)
            {
                _late.Add(() => Commit(version, offsets));
                throw new OrleansStreamException(ErrorCode.StorageError, "The database does not answer.");
            }

            return new(Commit(version, offsets));
        }

        public ValueTask<bool> TryDeleteAsync(string groupId, long version, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<StoredGroup>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<IReadOnlyList<StoredOffset>> ReadOffsetsAsync(string groupId, CancellationToken cancellationToken) => throw new NotSupportedException();

        private bool Commit(long version, IReadOnlyList<StoredOffset> offsets)
        {
            if (version != _group?.Version)
            {
                return false;
            }

            Committed = offsets[^1].Offset;
            return true;
        }
    }
}
