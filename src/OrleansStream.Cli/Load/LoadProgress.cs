using Spectre.Console;

namespace OrleansStream.Cli.Load;

/// <summary>Shows how far long work is, on standard error and only where somebody watches: a terminal.</summary>
internal static class LoadProgress
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the work, with a bar meanwhile.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="total">What <paramref name="done"/> will be at the end.</param>
    /// <param name="done">Reads how far the work is.</param>
    /// <param name="work">The work.</param>
    public static async Task ShowAsync(string title, double total, Func<double> done, Task work)
    {
        if (Console.IsErrorRedirected)
        {
            await work;
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                var bar = progress.AddTask(title, maxValue: total);
                using var timer = new PeriodicTimer(s_interval);
                while (!work.IsCompleted)
                {
                    bar.Value = done();
                    await Task.WhenAny(work, timer.WaitForNextTickAsync().AsTask());
                }
            });
        await work;
    }
}
