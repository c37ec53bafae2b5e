using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Memory for what the sockets receive and send, in blocks of 64 KiB rather than the usual 4: batches are large, and every block is a call of the
/// system. A connection on which nothing comes has none. Safe for concurrent use.
/// </summary>
internal sealed class LargeBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>What is kept for reuse: 16 MiB.</summary>
    private const int MaxKept = 256;

    private readonly ConcurrentQueue<Block> _kept = new();

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        _kept.TryDequeue(out var block) ? block : new Block(this, GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block(LargeBlocks pool, byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
            if (pool._kept.Count < MaxKept)
            {
                pool._kept.Enqueue(this);
            }
        }
    }
}
