using Microsoft.Extensions.Logging.Abstractions;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

public sealed class DatabaseWatchTests
{
    [Fact]
    public async Task Questions_that_were_answered_leave_nothing_in_memory()
    {
        const int questions = 200_000;
        const long mostBytesLeft = 4 * 1024 * 1024;
        await using var database = PostgresDataSource.Create("Host=127.0.0.1;Username=nobody");
        await using var watch = new DatabaseWatch("The database", TimeSpan.FromSeconds(10), database, NullLogger.Instance);
        await watch.AskAsync(_ => Task.FromResult(0), CancellationToken.None);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var question = 0; question < questions; question++)
        {
            Assert.Equal(question, await watch.AskAsync(_ => Task.FromResult(question), CancellationToken.None));
        }

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(left < mostBytesLeft, $"{left} bytes are left.");
    }
}
