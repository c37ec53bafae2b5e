using Orleans.Placement;

namespace OrleansStream.Server.Placement;

/// <summary>Puts a group's coordinator on one of the silos that may own something, the same one whoever asks.</summary>
[GenerateSerializer, Immutable, Alias("orleansstream.group-placement")]
internal sealed class GroupPlacement : PlacementStrategy;

/// <inheritdoc cref="GroupPlacement"/>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class GroupPlacementAttribute() : PlacementAttribute(new GroupPlacement());
