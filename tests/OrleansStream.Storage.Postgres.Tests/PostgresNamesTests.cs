namespace OrleansStream.Storage.Postgres.Tests;

public class PostgresNamesTests
{
    [Fact]
    public void The_schema_needs_no_quotes_in_sql() => Assert.Matches("^[a-z_]+$", PostgresNames.Schema);
}
