using System.CommandLine;
using OrleansStream.Client.Producing;

namespace OrleansStream.Cli.Records;

/// <summary><c>ostream produce</c>: every line a record.</summary>
internal static class ProduceCommand
{
    public static Command Build()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic" };
        var file = new Option<string?>("--file", "-f") { Description = "Read this file; without it, standard input", HelpName = "PATH" };
        var keySeparator = new Option<string?>("--key-separator", "-k")
        {
            Description = "What stands between key and value; \\t is a tab. Without it, lines are values without keys",
            HelpName = "TEXT",
        };
        var keyOptional = new Option<bool>("--key-optional") { Description = "A line without the separator has no key, instead of being an error" };
        var headers = new Option<bool>("--headers") { Description = "Lines begin with headers, written NAME=VALUE,NAME=VALUE, and a tab" };
        var partition = CommonOptions.Partition("Send everything to this partition");
        var compression = LineProducer.CompressionOption();
        var timeout = CommonOptions.Duration(
            "--timeout", "How long a record may wait for its acknowledgement, through restarts of silos", TimeSpan.FromMinutes(2));
        var command = new Command("produce", "Produce lines as records; a line ends with a line feed and is taken byte for byte")
        {
            topic, file, keySeparator, keyOptional, headers, partition, compression, timeout,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(keySeparator) is "")
            {
                result.AddError("--key-separator must not be empty; omit it for lines without keys.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var input = OpenInput(parsed.GetValue(file));
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var separator = parsed.GetValue(keySeparator) is { } text ? RecordFormat.UnescapeSeparator(text) : null;
            var format = new LineFormat(separator, parsed.GetValue(headers), parsed.GetValue(keyOptional));
            await using var producer = client.CreateProducer(new ProducerOptions<ReadOnlyMemory<byte>?, ReadOnlyMemory<byte>?>
            {
                Compression = parsed.GetValue(compression),
                DeliveryTimeout = parsed.GetRequiredValue(timeout),
                KeySerializer = OptionalBytes.Instance,
                ValueSerializer = OptionalBytes.Instance,
            });
            using var lines = new LineProducer(producer, parsed.GetRequiredValue(topic), parsed.GetValue(partition));
            await lines.RunAsync(new LineReader(input, ProtocolLimits.MaxRecordBytes), format, cancellationToken);
        });
        return command.WithExamples(
            """
            echo 'hello' | ostream produce greetings
            ostream produce orders --file orders.tsv --key-separator '\t' --compression zstd
            printf 'trace=42,retry\tkey:value\n' | ostream produce orders --headers --key-separator :
            """);
    }

    private static Stream OpenInput(string? path) => path is null
        ? Console.OpenStandardInput()
        : new FileStream(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0 });
}
