using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Lists the groups whose clients are sent to this silo, as last stored. Clients ask every silo and put the answers together, so a group
/// must be in one of them only.
/// </summary>
internal sealed class ListGroupsApi(IGrainFactory grains, BrokerDirectory brokers) : KafkaApi<ListGroupsRequest, ListGroupsResponse>
{
    private const int PageSize = 1000;

    /// <summary>What a group takes in an answer.</summary>
    private const int GroupBytes = 512;

    protected override async ValueTask<ListGroupsResponse?> HandleAsync(ListGroupsRequest request, RequestContext context)
    {
        var (known, local) = (brokers.All, brokers.Local.Id);
        var cluster = grains.GetGrain<IClusterGrain>(0);
        var found = new List<ListGroupsResponse.ListedGroup>();
        string? after = null;
        while (true)
        {
            context.ConnectionClosed.ThrowIfCancellationRequested();
            var page = await cluster.ListGroupsAsync("", after, PageSize).ConfigureAwait(false);
            context.Charge(GroupBytes * (long)page.Length);
            found.AddRange(page.Where(group => BrokerDirectory.CoordinatorOf(group.GroupId, known).Id == local).Select(Describe).Where(IsWanted));
            if (page.Length < PageSize)
            {
                return new ListGroupsResponse { Groups = [.. found] };
            }

            after = page[^1].GroupId;
        }

        bool IsWanted(ListGroupsResponse.ListedGroup group) =>
            (request.StatesFilter.Length == 0 || request.StatesFilter.Contains(group.GroupState, StringComparer.OrdinalIgnoreCase))
            && (request.TypesFilter.Length == 0 || request.TypesFilter.Contains(group.GroupType, StringComparer.OrdinalIgnoreCase));
    }

    private static ListGroupsResponse.ListedGroup Describe(GroupListing group) => new()
    {
        GroupId = group.GroupId,
        ProtocolType = group.ProtocolType,
        GroupState = group.State.ToString(),

        // Groups of the SDK assign partitions themselves, as Kafka's newer consumer groups do; one without members has no kind, and Kafka calls it classic.
        GroupType = group is { Kind: GroupKind.Native, MemberCount: > 0 } ? "consumer" : "classic",
    };
}
