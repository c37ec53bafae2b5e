namespace OrleansStream.Host;

/// <summary>
/// Keeps the stack traces of a failing start off the console, where the host and Orleans each write one, because the process
/// then says in one line what is wrong. They are remembered instead, for failures that nobody foresaw. After the start,
/// everything is logged as configured.
/// </summary>
internal sealed class QuietStart : ILoggerProvider, ILogger
{
    private volatile bool _isStarting = true;

    /// <summary>The first exception that was logged as an error, if one was.</summary>
    public Exception? FirstError { get; private set; }

    /// <summary>True once the host stops because a part of it failed, and not because it was told to.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Adds the filters; they decide at every call, not once.</summary>
    public void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.AddProvider(this);
        logging.AddFilter<QuietStart>(category: null, level => level >= LogLevel.Error);
        Silence(logging, "Microsoft.Extensions.Hosting.", configuration.GetValue("Logging:LogLevel:Microsoft.Extensions.Hosting", LogLevel.Information));

        // With the dot, because a category's name is matched by its beginning, and "OrleansStream" begins with "Orleans" too.
        Silence(logging, "Orleans.", configuration.GetValue("Logging:LogLevel:Orleans", LogLevel.Warning));
    }

    /// <summary>This filter takes the place of the configured one, so it honours the configured level; filters of longer names still win.</summary>
    private void Silence(ILoggingBuilder logging, string category, LogLevel configured) =>
        logging.AddFilter(category, level => !_isStarting && level >= configured);

    /// <summary>The start has succeeded.</summary>
    public void End() => _isStarting = false;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (_isStarting)
        {
            FirstError ??= exception;
        }

        HasFailed |= eventId.Name == "BackgroundServiceStoppingHost";
    }

    public void Dispose()
    {
    }
}
