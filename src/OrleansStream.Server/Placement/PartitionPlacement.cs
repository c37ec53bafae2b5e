using Orleans.Placement;

namespace OrleansStream.Server.Placement;

/// <summary>Puts a partition's grain on the silo that <see cref="PlacementMap"/> names.</summary>
[GenerateSerializer, Immutable, Alias("orleansstream.partition-placement")]
internal sealed class PartitionPlacement : PlacementStrategy;

/// <inheritdoc cref="PartitionPlacement"/>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PartitionPlacementAttribute() : PlacementAttribute(new PartitionPlacement());
