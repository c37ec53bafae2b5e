using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrleansStream.Storage.Sqlite;

/// <summary>
/// One connection with its prepared statements, which are kept for its lifetime: the SQL of this folder is a small, fixed
/// set of texts. Not thread-safe; it belongs to one <see cref="SqliteThread"/>.
/// </summary>
internal sealed class SqliteSession : IDisposable
{
    /// <summary>How long a statement waits for a lock that some other process, such as a shell, holds on the database.</summary>
    private const int LockTimeoutSeconds = 5;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    /// <summary>True between BEGIN and its COMMIT or ROLLBACK.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    /// <summary>Opens a connection of its own, outside of any pool, so that closing it closes the file.</summary>
    public static SqliteSession Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = LockTimeoutSeconds,
        }.ToString());
        try
        {
            connection.Open();
            return new SqliteSession(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    /// <returns>The number of rows it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters) =>
        Prepare(sql, parameters).ExecuteNonQuery();

    /// <summary>Reads the first row; default when there is none.</summary>
    public T? QueryFirst<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var reader = Prepare(sql, parameters).ExecuteReader();
        return reader.Read() ? read(reader) : default;
    }

    /// <summary>Reads rows while <paramref name="wanted"/> holds; the first unwanted row ends the list.</summary>
    public List<T> Query<T>(
        string sql, Func<SqliteDataReader, T> read, Predicate<T> wanted, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var reader = Prepare(sql, parameters).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            var row = read(reader);
            if (!wanted(row))
            {
                break;
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Runs several statements at once, without keeping them prepared: for schema and settings.</summary>
    public void ExecuteScript(string sql)
    {
        using var command = _connection.CreateCommand();
        // The text is one of this folder's constants; a pragma and a schema cannot take parameters.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        _commands.Clear();
        _connection.Dispose();
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object Value)> parameters)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
#pragma warning disable CA2100
            command.CommandText = sql;
#pragma warning restore CA2100
            _commands.Add(sql, command);
        }

        command.Parameters.Clear();
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
