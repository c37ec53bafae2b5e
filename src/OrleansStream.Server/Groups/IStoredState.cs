namespace OrleansStream.Server.Groups;

/// <summary>What <see cref="GroupWriter"/> stores of a group.</summary>
internal interface IStoredState
{
    /// <summary>Counts the changes.</summary>
    long Revision { get; }

    /// <summary>The generation; it never goes back.</summary>
    Generation Generation { get; }

    /// <summary>The number of members, for listings.</summary>
    int MemberCount { get; }

    GroupDocument ToDocument();
}
