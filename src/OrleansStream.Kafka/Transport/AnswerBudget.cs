namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Counts what an answer becomes while it is made, where a small request can ask for much: many times the settings of a topic, the members of all
/// groups. A little is free; the rest takes room that all answers share, as it grows, until the request is over. Safe for concurrent use.
/// </summary>
internal sealed class AnswerBudget(AnswerRoom answers) : IDisposable
{
    /// <summary>The most that one answer may become.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    private const int FreeBytes = 16 * 1024;
    private const int StepBytes = 256 * 1024;

    private readonly Lock _lock = new();
    private long _made;
    private long _taken;
    private bool _isOver;

    /// <exception cref="KafkaProtocolException">The answer becomes larger than any may.</exception>
    /// <exception cref="IOException">There is no room now; whoever asks again later may find some.</exception>
    public void Add(long bytes)
    {
        lock (_lock)
        {
            _made += bytes;
            if (_made > MaxBytes)
            {
                throw new KafkaProtocolException($"The answer would take more than {MaxBytes} bytes of memory; ask for less at a time.");
            }

            var missing = _made - FreeBytes - _taken;
            if (missing <= 0)
            {
                return;
            }

            var step = Math.Max(missing, StepBytes);
            if (_isOver || !answers.Room.Large.TryTake(step))
            {
                throw new IOException("There is no room for the answer now.");
            }

            _taken += step;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            answers.Room.Large.Return(_taken);
            _taken = 0;
        }
    }
}
