namespace OrleansStream.Host;

/// <summary>
/// Keeps the stack traces of a failing start out of the log: the host and Orleans each write one, and then the process says in
/// one line what is wrong. After the start, everything is logged as configured.
/// </summary>
internal sealed class QuietStart
{
    private volatile bool _isStarting = true;

    /// <summary>Adds the filter; it decides at every call, not once.</summary>
    public void Configure(ILoggingBuilder logging)
    {
        logging.AddFilter("Microsoft.Extensions.Hosting", level => !_isStarting && level >= LogLevel.Information);
        logging.AddFilter("Orleans", level => level >= (_isStarting ? LogLevel.None : LogLevel.Warning));
    }

    /// <summary>The start has succeeded.</summary>
    public void End() => _isStarting = false;
}
