using System.Collections;

namespace OrleansStream.Kafka.Apis;

/// <summary>A part of an answer whose elements are made one after the other while they are written, and again whenever they are read again.</summary>
internal sealed class MadeWhenRead<TSource, TItem>(IReadOnlyList<TSource> sources, Func<TSource, TItem> make) : IReadOnlyCollection<TItem>
{
    public int Count => sources.Count;

    public IEnumerator<TItem> GetEnumerator() => sources.Select(make).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
