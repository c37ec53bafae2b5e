using Microsoft.Extensions.Options;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// The time that a silo's stop may take as a whole. Each step may use what those before it have left, so that a store which does not
/// answer is not waited for once by every step. Safe for concurrent use.
/// </summary>
public sealed class StopTime(IOptions<OrleansStreamServerOptions> options, TimeProvider time)
{
    /// <summary>What giving partitions and groups away may take of it.</summary>
    public const double EvacuationShare = 0.5;

    /// <summary>What finishing the calls in hand may take of the rest; then what is left here has to be closed.</summary>
    public const double DrainShare = 0.8;

    /// <summary>What a step may take however late it is; a store that answers needs a fraction of it.</summary>
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long? _begunAt;

    /// <summary>What is left; the first to ask begins it.</summary>
    /// <param name="share">How much of that is wanted.</param>
    public TimeSpan Take(double share = 1)
    {
        lock (_gate)
        {
            var left = (options.Value.DrainTimeout - time.GetElapsedTime(_begunAt ??= time.GetTimestamp())) * share;
            return left > s_least ? left : s_least;
        }
    }

    /// <summary>The time for something that is also done while the silo does not stop.</summary>
    /// <param name="usual">The time that it has then.</param>
    public TimeSpan Limit(TimeSpan usual)
    {
        lock (_gate)
        {
            if (_begunAt is null)
            {
                return usual;
            }
        }

        return Take() is var left && left < usual ? left : usual;
    }
}
