namespace OrleansStream.Cli.Records;

/// <summary>What <c>ostream consume</c> was asked for.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="GroupId">The group to be a member of, or null to read alone.</param>
/// <param name="From">Where to begin; null for the beginning.</param>
/// <param name="Partitions">Only these; empty for all.</param>
/// <param name="MaxCount">The number of records after which to stop.</param>
/// <param name="UntilEnd">Whether to stop at what is the end now.</param>
internal sealed record ConsumeRequest(
    string Topic, string? GroupId, StartPosition? From, IReadOnlyList<int> Partitions, long MaxCount, bool UntilEnd);
