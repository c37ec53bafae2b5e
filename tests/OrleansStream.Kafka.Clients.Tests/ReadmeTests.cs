using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>What the README shows with a Kafka client, as it stands there; only the address is another one.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class ReadmeTests(KafkaHost host) : IClassFixture<KafkaHost>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orleansstream-readme-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_commands_of_kcat_produce_and_consume()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(ClientProcess.TestSources, "../../README.md"));
        var commands = KcatBlockPattern().Match(readme).Groups["commands"].Value.Replace("127.0.0.1:9092", host.Servers, StringComparison.Ordinal);
        await host.CreateTopicAsync("words", partitions: 6);
        var kcat = await Kcat.DescribeAsync(host.Servers);
        var name = Path.Combine(_folder, "kcat");
        kcat.Environment.TryGetValue("LD_LIBRARY_PATH", out var libraries);
        await File.WriteAllTextAsync(name, $"#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{kcat.FileName}' \"$@\"\n");
        File.SetUnixFileMode(name, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var shell = ClientProcess.Describe("bash", _folder, "-ec", commands);
        shell.Environment["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}";

        var read = await ClientProcess.RunAsync(shell);

        Assert.Contains("c cherry", read, StringComparison.Ordinal);
        Assert.Contains("d damson", read, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"```\n(?<commands>[^`]*\bkcat\b[^`]*)```")]
    private static partial Regex KcatBlockPattern();
}
