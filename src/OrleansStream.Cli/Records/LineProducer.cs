using System.CommandLine;
using System.Globalization;
using OrleansStream.Client.Producing;
using OrleansStream.Records;

namespace OrleansStream.Cli.Records;

/// <summary>
/// Sends lines as fast as the producer's buffer takes them, and ends with the first record that is lost: whatever was
/// acknowledged before stays in the topic.
/// </summary>
internal sealed class LineProducer(IProducer<ReadOnlyMemory<byte>?, ReadOnlyMemory<byte>?> producer, string topic, int? partition) : IDisposable
{
    private static readonly Action<DeliveryResult> s_onDelivery = static result => ((LineProducer)result.State!).Delivered(result.Error);

    /// <summary>Ends the wait for the next line, which somebody at a terminal may never type.</summary>
    private readonly CancellationTokenSource _failed = new();

    private OrleansStreamException? _firstError;
    private long _acknowledged;
    private long _lost;

    /// <summary>The option that chooses the codec.</summary>
    public static Option<CompressionType> CompressionOption() => new("--compression", "-z")
    {
        Description = "none, gzip, snappy, lz4 or zstd",
        HelpName = "CODEC",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Enum.TryParse<CompressionType>(text, ignoreCase: true, out var codec) && !char.IsAsciiDigit(text[0]))
            {
                return codec;
            }

            result.AddError($"--compression is none, gzip, snappy, lz4 or zstd, not '{text}'.");
            return default;
        },
    };

    /// <summary>Produces every line and returns once all are acknowledged.</summary>
    /// <exception cref="CommandException">A line could not be parsed, or a record was lost.</exception>
    public async Task RunAsync(LineReader reader, LineFormat format, CancellationToken cancellationToken)
    {
        CommandException? badLine = null;
        try
        {
            await SendAsync(reader, format, cancellationToken);
        }
        catch (CommandException e)
        {
            // What came before the bad line is still delivered.
            badLine = e;
        }

        await producer.FlushAsync(cancellationToken);
        if (Volatile.Read(ref _firstError) is { } error)
        {
            throw new CommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Volatile.Read(ref _lost)} records were not stored, {Volatile.Read(ref _acknowledged)} were: {error.Message}"));
        }

        if (badLine is not null)
        {
            throw new CommandException(string.Create(
                CultureInfo.InvariantCulture, $"{badLine.Message} The {Volatile.Read(ref _acknowledged)} records before it are stored."));
        }
    }

    public void Dispose() => _failed.Dispose();

    private async Task SendAsync(LineReader reader, LineFormat format, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _failed.Token);
        try
        {
            do
            {
                while (reader.TryRead(out var line))
                {
                    var accepted = EnqueueAsync(format.Parse(line, reader.LineNumber), stop.Token);
                    if (!accepted.IsCompletedSuccessfully)
                    {
                        await accepted;
                    }
                }
            }
            while (await reader.FillAsync(stop.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A record was lost; RunAsync says why.
        }
    }

    private ValueTask EnqueueAsync(in RecordLine line, CancellationToken cancellationToken) => producer.EnqueueAsync(
        new ProducerRecord<ReadOnlyMemory<byte>?, ReadOnlyMemory<byte>?>(topic, line.Key, line.Value) { Headers = line.Headers, Partition = partition },
        s_onDelivery,
        this,
        cancellationToken);

    private void Delivered(OrleansStreamException? error)
    {
        if (error is null)
        {
            Interlocked.Increment(ref _acknowledged);
            return;
        }

        Interlocked.Increment(ref _lost);
        if (Interlocked.CompareExchange(ref _firstError, error, null) is null)
        {
            _ = _failed.CancelAsync();
        }
    }
}
