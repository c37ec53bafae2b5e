using System.Globalization;

namespace OrleansStream.Storage.Postgres;

/// <summary>Names that the code and the scripts under <c>db/</c> share.</summary>
internal static class PostgresNames
{
    /// <summary>The schema that holds every table of OrleansStream, so that a database can be shared with an application's own tables.</summary>
    public const string Schema = "orleansstream";

    /// <summary>The class of the advisory locks by which writers hold their extents; the second key is the extent's number.</summary>
    public const int ExtentLockClass = 1330796624;

    /// <summary>
    /// An expression that makes the transaction wait until its commit is durable, even where the server is told not to wait. Waiting
    /// for standbys, or not, stays as the server is told.
    /// </summary>
    public const string WaitForCommit =
        "set_config('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), true)";

    /// <summary>The table of an extent.</summary>
    public static string Extent(int extent) => string.Create(CultureInfo.InvariantCulture, $"{Schema}.extent_{extent}");
}
