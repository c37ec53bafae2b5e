namespace OrleansStream.Client.Hosting;

/// <summary>A producer of the application: made at start, so that wrong options show then, and flushed at stop.</summary>
/// <param name="Create">Makes it.</param>
/// <param name="FlushAsync">Flushes it.</param>
internal sealed record ProducerRegistration(Action<IServiceProvider> Create, Func<IServiceProvider, CancellationToken, Task> FlushAsync);
