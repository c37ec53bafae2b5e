namespace OrleansStream.Server.Partitions;

/// <summary>What a partition asks of the grain that owns it. It may be asked from any thread, and answers by closing the partition.</summary>
internal interface IPartitionOwner
{
    /// <summary>Closes the partition.</summary>
    void RequestClose(string reason);

    /// <summary>Closes the partition here and opens it on another silo; completes when that is done, or when it has failed.</summary>
    Task MoveAsync(SiloAddress target);
}
