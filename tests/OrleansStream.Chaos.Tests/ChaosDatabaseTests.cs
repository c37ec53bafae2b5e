using Npgsql;
using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Tests;

public class ChaosDatabaseTests
{
    [Fact]
    public async Task What_was_committed_survives_a_failover_and_one_back()
    {
        await using var database = await ChaosDatabase.StartAsync("127.0.0.1", accessFile: null);
        var ports = (database.Primary.Port, database.Standby!.Port);
        await using var source = new NpgsqlDataSourceBuilder(database.ConnectionString).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
        await ExecuteAsync(source, "CREATE TABLE kept (n int)");
        for (var failover = 1; failover <= 2; failover++)
        {
            await ExecuteAsync(source, $"INSERT INTO kept VALUES ({failover})");
            Assert.True(await database.IsStandbyInStepAsync());

            await database.Primary.KillAsync();
            await database.PromoteStandbyAsync();
            await database.AttachStandbyAsync();

            await using var command = source.CreateCommand("SELECT count(*) FROM kept");
            Assert.Equal((long)failover, await RetryAsync(async () => (long)(await command.ExecuteScalarAsync())!));
        }

        Assert.Equal(ports, (database.Primary.Port, database.Standby!.Port));
    }

    private static Task<int> ExecuteAsync(NpgsqlDataSource source, string sql) => RetryAsync(async () =>
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>The first uses after a failover meet pooled connections of the dead server.</summary>
    private static async Task<T> RetryAsync<T>(Func<Task<T>> action)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await action();
            }
            catch (NpgsqlException) when (attempt < 10)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200));
            }
        }
    }
}
