namespace OrleansStream.Cli.Load;

/// <summary>
/// Values for loads: slices of a pool of pseudo-random hexadecimal digits, so that they compress by about half, as real text
/// would, and making one costs nothing.
/// </summary>
internal sealed class LoadValues
{
    private const int PoolBytes = 1024 * 1024;
    private const int Seed = 42;

    private readonly byte[] _pool;
    private readonly int _size;
    private int _next;

    public LoadValues(int sizeBytes)
    {
        _size = sizeBytes;
        _pool = new byte[PoolBytes + sizeBytes];
        new Random(Seed).GetItems("0123456789abcdef"u8, _pool);
    }

    /// <summary>The next value; it must not be changed.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        // A step that is prime to the pool's size visits every position before it repeats one.
        _next = (_next + 7919) % PoolBytes;
        return _pool.AsMemory(_next, _size);
    }
}
