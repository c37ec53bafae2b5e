namespace OrleansStream.Storage.Postgres;

/// <summary>Names that the code and the scripts under <c>db/</c> share.</summary>
internal static class PostgresNames
{
    /// <summary>The schema that holds every table of OrleansStream, so that a database can be shared with an application's own tables.</summary>
    public const string Schema = "orleansstream";
}
