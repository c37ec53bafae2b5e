namespace OrleansStream.Chaos.Reporting;

/// <summary>A time without acknowledgements.</summary>
/// <param name="From">When it began, counted from the start of the run.</param>
/// <param name="Length">How long it was.</param>
public readonly record struct Silence(TimeSpan From, TimeSpan Length)
{
    /// <summary>The longer of this one and the one between two moments, if there was a first one.</summary>
    internal Silence Or(long fromMicros, long toMicros) => fromMicros >= 0 && TimeSpan.FromMicroseconds(toMicros - fromMicros) is var length && length > Length
        ? new Silence(TimeSpan.FromMicroseconds(fromMicros), length)
        : this;
}
