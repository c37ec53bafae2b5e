namespace OrleansStream.Monitoring;

/// <summary>How a place where data is kept answered one small question.</summary>
/// <param name="Name"><c>catalog</c>, or the name of a store of logs.</param>
/// <param name="IsHealthy">Whether it answered.</param>
/// <param name="Latency">How long that took, or how long it was waited for.</param>
/// <param name="Message">What is wrong, for people.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.storage-check")]
public sealed record StorageCheck(
    [property: Id(0)] string Name,
    [property: Id(1)] bool IsHealthy,
    [property: Id(2)] TimeSpan Latency,
    [property: Id(3)] string? Message = null);
