using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansStream.Storage.Postgres;

/// <summary>
/// The cluster's database for everything but logs. What is asked of it ends in seconds: when it does not answer at all, whoever wants
/// something is refused at once until it does, and no thread of the pool waits for it. Safe for concurrent use.
/// </summary>
public sealed class PostgresClusterDatabase : IAsyncDisposable
{
    /// <summary>How long one thing may take.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly NpgsqlDataSource _source;
    private readonly DatabaseWatch _watch;

    /// <summary>Nothing is connected before something is asked.</summary>
    /// <param name="source">The connections, made by <see cref="PostgresDataSource"/>; they stay the caller's to dispose.</param>
    /// <param name="logger">Is told when the database falls silent, and when it answers again.</param>
    public PostgresClusterDatabase(NpgsqlDataSource source, ILogger<PostgresClusterDatabase> logger)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _watch = new DatabaseWatch("The cluster's database", s_limit, source, logger);
    }

    /// <summary>The time since it last began to answer again; null if it never was silent.</summary>
    public TimeSpan? SinceSilence => _watch.SinceSilence;

    /// <summary>Asks for something.</summary>
    /// <param name="ask">
    /// Gets the connections, and a token that ends what is overdue. Its commands should have no timeout of the driver, which blocks threads.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.StorageError"/>: the database does not answer.</exception>
    /// <exception cref="TimeoutException">It took too long, while others were answered. What became of it is not known.</exception>
    public Task<T> AskAsync<T>(Func<NpgsqlDataSource, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ask);
        return _watch.AskAsync(token => ask(_source, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _watch.DisposeAsync();
}
