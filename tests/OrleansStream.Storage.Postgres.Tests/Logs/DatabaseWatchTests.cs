using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.TestServers;

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

    [Fact]
    public async Task The_end_of_a_silence_is_told_with_its_whole_length()
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var database = PostgresDataSource.Create(server.ConnectionString());
        var log = new SilenceLog();
        await using var watch = new DatabaseWatch("The database", TimeSpan.FromSeconds(10), database, log);
        await watch.AskAsync(AskAsync, CancellationToken.None);

        var start = Stopwatch.GetTimestamp();
        server.Freeze();
        await Assert.ThrowsAsync<OrleansStreamException>(() => watch.AskAsync(token => WaitAsync(Timeout.InfiniteTimeSpan, token), CancellationToken.None));
        Assert.True(watch.IsDown);

        // Appends go on trying; none of them is an answer.
        for (var append = 0; append < 2; append++)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => watch.RunAsync(token => WaitAsync(TimeSpan.FromSeconds(0.5), token), CancellationToken.None));
        }

        var frozen = Stopwatch.GetElapsedTime(start);
        server.Thaw();
        Assert.InRange(await log.AnsweredAfter.WaitAsync(TimeSpan.FromSeconds(30)), frozen - TimeSpan.FromSeconds(0.5), TimeSpan.MaxValue);

        async Task<bool> AskAsync(CancellationToken cancellationToken)
        {
            await using var command = database.CreateCommand("SELECT true");
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }

        static async Task<bool> WaitAsync(TimeSpan time, CancellationToken cancellationToken)
        {
            await Task.Delay(time, cancellationToken);
            throw new TimeoutException();
        }
    }

    private sealed class SilenceLog : ILogger
    {
        private readonly TaskCompletionSource<TimeSpan> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TimeSpan> AnsweredAfter => _answered.Task;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == LogEvents.DatabaseAnswers)
            {
                _answered.TrySetResult((TimeSpan)((IReadOnlyList<KeyValuePair<string, object?>>)state!).Single(value => value.Key == "Silence").Value!);
            }
        }
    }
}
