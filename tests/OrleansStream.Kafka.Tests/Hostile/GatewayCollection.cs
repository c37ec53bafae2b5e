namespace OrleansStream.Kafka.Tests.Hostile;

/// <summary>Tests that look at the memory of the process, or at how long something took: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GatewayCollection
{
    public const string Name = "gateway";
}
