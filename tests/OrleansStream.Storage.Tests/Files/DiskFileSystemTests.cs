using OrleansStream.Storage.Files;

namespace OrleansStream.Storage.Tests.Files;

public sealed class DiskFileSystemTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orleansstream-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>The partitions of a deleted topic are deleted at the same time, and each takes the topic's folder along if it was the last.</summary>
    [Fact]
    public async Task A_folder_that_several_delete_when_it_is_empty_is_gone_and_nobody_fails()
    {
        const int Threads = 2;
        var path = Path.Combine(_root, "topic");
        using var round = new Barrier(Threads, _ => Directory.CreateDirectory(path));
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var number = 0; number < 10_000; number++)
                {
                    Assert.True(round.SignalAndWait(TimeSpan.FromSeconds(10)));
                    DiskFileSystem.Instance.DeleteDirectoryIfEmpty(path);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Assert.False(Directory.Exists(path));
    }
}
