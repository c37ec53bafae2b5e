namespace OrleansStream.EndToEnd.Tests;

/// <summary>Tests that time what goes on while a database hangs, and so have the machine for themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HungDatabaseCollection
{
    public const string Name = "Hung databases";
}
