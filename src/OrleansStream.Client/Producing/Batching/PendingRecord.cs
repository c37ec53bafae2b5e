using OrleansStream.Records;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// A record that cannot be taken yet, because its topic is not known or the buffer is full. It owns copies of everything. The
/// task completes when the record is taken, with its delivery, or fails when it is refused or cancelled.
/// </summary>
internal sealed class PendingRecord : TaskCompletionSource<ValueTask<RecordMetadata>>
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Cancelled = 2;

    private readonly byte[] _bytes;
    private readonly int _keyLength;
    private readonly bool _isKeyNull;
    private readonly bool _isValueNull;
    private readonly RecordHeader[] _headers;
    private readonly long _timestampMs;
    private CancellationTokenRegistration _registration;
    private int _state;

    public PendingRecord(in RecordFields fields, int? partition, int sizeInBytes, in DeliveryRequest request)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Partition = partition;
        SizeInBytes = sizeInBytes;
        Request = request;
        _timestampMs = fields.TimestampMs;
        (_isKeyNull, _isValueNull, _keyLength) = (fields.IsKeyNull, fields.IsValueNull, fields.Key.Length);
        _bytes = [.. fields.Key, .. fields.Value];
        _headers = fields.Headers.ToArray();
        foreach (ref var header in _headers.AsSpan())
        {
            header = new RecordHeader(header.Key, header.Value?.ToArray());
        }
    }

    public int? Partition { get; }

    public int SizeInBytes { get; }

    public DeliveryRequest Request { get; }

    public bool IsCancelled => Volatile.Read(ref _state) == Cancelled;

    public RecordFields Fields => new()
    {
        TimestampMs = _timestampMs,
        Key = _bytes.AsSpan(0, _keyLength),
        IsKeyNull = _isKeyNull,
        Value = _bytes.AsSpan(_keyLength),
        IsValueNull = _isValueNull,
        Headers = _headers,
    };

    /// <summary>Lets the token give up the wait, as long as nobody has taken the record.</summary>
    public void CancelWith(CancellationToken cancellationToken) =>
        _registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var self = (PendingRecord)state!;
                if (Interlocked.CompareExchange(ref self._state, Cancelled, Waiting) == Waiting)
                {
                    self.TrySetCanceled(token);
                }
            },
            this);

    /// <summary>Decides that the record goes its way; false when it was cancelled before.</summary>
    public bool TryTake()
    {
        _registration.Dispose();
        return Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;
    }
}
