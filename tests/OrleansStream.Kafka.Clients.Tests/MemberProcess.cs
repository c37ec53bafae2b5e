using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using OrleansStream.TestServers;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>A member of a group in a process of its own, which can be told to leave, and killed. It writes down what it is given and what it reads.</summary>
internal sealed partial class MemberProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private volatile int[] _owned = [];
    private volatile int _assignments;

    private MemberProcess(string group, Process process)
    {
        (Group, _process) = (group, process);
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    public string Group { get; }

    public int[] Owned => _owned;

    /// <summary>How often it was given partitions.</summary>
    public int Assignments => _assignments;

    public ConcurrentQueue<(int Partition, long Offset, int Value)> Seen { get; } = new();

    /// <summary>The lines that say something else.</summary>
    public ConcurrentQueue<string> Words { get; } = new();

    public static async Task<MemberProcess> StartAsync(string client, string servers, string group, string topic)
    {
        var start = client != "kcat" ? await NodeClients.DescribeAsync("member.mjs", client, servers, group, topic) : await Kcat.DescribeAsync(
            servers,
            ["-u", "-f", "value %p %o %s\n", .. Settings("session.timeout.ms=3000", "heartbeat.interval.ms=300", "auto.commit.interval.ms=200", "auto.offset.reset=earliest", "fetch.min.bytes=10000", "fetch.wait.max.ms=400"), "-G", group, topic]);
        return new MemberProcess(group, Process.Start(start)!);
    }

    /// <summary>Leaves the group, and ends well.</summary>
    public async Task LeaveAsync()
    {
        Signals.Send(_process.Id, Signals.Terminate);
        await ClientProcess.WaitAsync(_process, "A member that was told to leave");
        await _reading;
        Assert.True(_process.ExitCode == 0, string.Join('\n', Words));
        _owned = [];
    }

    /// <summary>Goes without a word.</summary>
    public async Task CrashAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _owned = [];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await CrashAsync();
        }

        _process.Dispose();
    }

    private static IEnumerable<string> Settings(params string[] settings) => settings.SelectMany(setting => (string[])["-X", setting]);

    private async Task ReadAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            if (words[0] == "value")
            {
                Seen.Enqueue((Number(words[1]), long.Parse(words[2], CultureInfo.InvariantCulture), Number(words[3])));
            }
            else if (words[0] == "owned")
            {
                _owned = [.. words[1..].Select(Number).Order()];
                _assignments++;
            }
            else if (KcatShare().Match(line) is { Success: true } share)
            {
                _assignments++;
                _owned = share.Groups[1].Value == "revoked" ? [] : [.. share.Groups[2].Captures.Select(number => Number(number.Value)).Order()];
            }
            else if (!line.StartsWith("% Reached end of topic", StringComparison.Ordinal))
            {
                Words.Enqueue(line);
            }
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^% Group .* rebalanced \(memberid .*\): (assigned|revoked): (?:\S+ \[(\d+)\](?:, )?)*")]
    private static partial Regex KcatShare();
}
