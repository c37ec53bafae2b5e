namespace OrleansStream.Storage.Postgres.Schema;

/// <summary>A set of scripts under <c>db/</c> that is versioned as one.</summary>
public enum SchemaFamily
{
    /// <summary><c>db/cluster</c>: membership, grain state, reminders, catalog, groups; for the one database of a cluster.</summary>
    Cluster,

    /// <summary><c>db/logs</c>: the partitions' logs; for every database that holds some.</summary>
    Logs,
}
