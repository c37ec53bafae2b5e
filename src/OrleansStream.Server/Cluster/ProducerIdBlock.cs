using OrleansStream.Storage;

namespace OrleansStream.Server.Cluster;

/// <summary>Hands out producer ids from blocks that this silo reserves in the catalog; the rest of a block is lost at a stop. Safe for concurrent use.</summary>
internal sealed class ProducerIdBlock(ICatalog catalog) : IDisposable
{
    private const int BlockSize = 1000;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private long _next;
    private long _end;

    public async Task<long> TakeAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_next == _end)
            {
                _next = await catalog.ReserveProducerIdsAsync(BlockSize, cancellationToken);
                _end = _next + BlockSize;
            }

            return _next++;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();
}
