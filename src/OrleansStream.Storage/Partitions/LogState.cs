namespace OrleansStream.Storage.Partitions;

/// <summary>What a log knows beyond its bytes. Recovery builds it; from then on it belongs to the log's turns.</summary>
/// <param name="Bounds">How far the log reaches.</param>
/// <param name="Epochs">Which leader epoch wrote from where on.</param>
/// <param name="Producers">What the idempotent producers sent last.</param>
internal sealed record LogState(LogBounds Bounds, LeaderEpochHistory Epochs, ProducerStates Producers);
