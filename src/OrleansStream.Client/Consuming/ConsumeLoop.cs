using System.Runtime.CompilerServices;

namespace OrleansStream.Client.Consuming;

/// <summary>
/// One <c>await foreach</c> over a consumer. While records are buffered, going on completes synchronously and allocates
/// nothing. Leaving it keeps everything for the next loop.
/// </summary>
internal abstract class ConsumeLoop<TKey, TValue, T> : IAsyncEnumerator<T>
{
    private readonly Consumer<TKey, TValue> _consumer;
    private readonly CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;
    private RecordReader<TKey, TValue>? _reader;
    private T _current = default!;

    protected ConsumeLoop(Consumer<TKey, TValue> consumer, CancellationToken cancellationToken)
    {
        _consumer = consumer;
        _cancellationToken = cancellationToken;
    }

    public T Current => _current;

    public ValueTask<bool> MoveNextAsync() =>
        _reader is { } reader && !_cancellationToken.IsCancellationRequested && TryRead(reader, out _current)
            ? new(true)
            : WaitAndReadAsync();

    public ValueTask DisposeAsync()
    {
        if (_reader is { } reader)
        {
            _reader = null;
            _registration.Dispose();
            reader.Leave();
            _consumer.LeaveLoop();
        }

        return ValueTask.CompletedTask;
    }

    protected abstract bool TryRead(RecordReader<TKey, TValue> reader, out T item);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitAndReadAsync()
    {
        if (_reader is null)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            _reader = _consumer.EnterLoop();
            _registration = _cancellationToken.UnsafeRegister(static reader => ((RecordReader<TKey, TValue>)reader!).Wake(), _reader);
            await _consumer.StartAsync(_cancellationToken).ConfigureAwait(false);
        }

        while (true)
        {
            if (_cancellationToken.IsCancellationRequested)
            {
                _reader.MarkDone();
                _cancellationToken.ThrowIfCancellationRequested();
            }

            if (TryRead(_reader, out _current))
            {
                return true;
            }

            if (_reader.IsClosed)
            {
                return false;
            }

            await _reader.WaitAsync().ConfigureAwait(false);
        }
    }
}

internal sealed class RecordLoop<TKey, TValue>(Consumer<TKey, TValue> consumer, CancellationToken cancellationToken)
    : ConsumeLoop<TKey, TValue, ConsumedRecord<TKey, TValue>>(consumer, cancellationToken)
{
    protected override bool TryRead(RecordReader<TKey, TValue> reader, out ConsumedRecord<TKey, TValue> item) => reader.TryRead(out item);
}

internal sealed class BatchLoop<TKey, TValue>(Consumer<TKey, TValue> consumer, int maxRecords, CancellationToken cancellationToken)
    : ConsumeLoop<TKey, TValue, ConsumedBatch<TKey, TValue>>(consumer, cancellationToken)
{
    protected override bool TryRead(RecordReader<TKey, TValue> reader, out ConsumedBatch<TKey, TValue> item) =>
        (item = reader.TryReadBatch(maxRecords)!) is not null;
}

/// <summary>What <see cref="IConsumer{TKey, TValue}.ConsumeBatchesAsync"/> returns.</summary>
internal sealed class BatchSequence<TKey, TValue>(Consumer<TKey, TValue> consumer, int maxRecords, CancellationToken cancellationToken)
    : IAsyncEnumerable<ConsumedBatch<TKey, TValue>>
{
    public IAsyncEnumerator<ConsumedBatch<TKey, TValue>> GetAsyncEnumerator(CancellationToken loopToken = default) =>
        new BatchLoop<TKey, TValue>(consumer, maxRecords, loopToken.CanBeCanceled ? loopToken : cancellationToken);
}
