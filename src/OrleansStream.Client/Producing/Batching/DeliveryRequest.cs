namespace OrleansStream.Client.Producing.Batching;

/// <summary>How somebody wants to hear what became of a record.</summary>
/// <param name="IsAwaited">A task of its own.</param>
/// <param name="Callback">A callback; exclusive with <paramref name="IsAwaited"/>.</param>
/// <param name="State">Passed on to the callback.</param>
internal readonly record struct DeliveryRequest(bool IsAwaited, Action<DeliveryResult>? Callback, object? State)
{
    public static DeliveryRequest Awaited => new(true, null, null);
}
