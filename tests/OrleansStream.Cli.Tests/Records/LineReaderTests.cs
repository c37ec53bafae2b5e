using System.Text;
using OrleansStream.Cli.Records;

namespace OrleansStream.Cli.Tests.Records;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\n", new[] { "a" })]
    [InlineData("a\nb", new[] { "a", "b" })]
    [InlineData("\n", new[] { "" })]
    [InlineData("\n\na\n\n", new[] { "", "", "a", "" })]
    [InlineData("a\r\nb\r\n", new[] { "a\r", "b\r" })]
    public async Task Lines_end_with_a_line_feed_and_the_last_one_may_lack_it(string text, string[] lines)
    {
        Assert.Equal(lines, await ReadAsync(text, pieceBytes: 100));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Lines_are_the_same_however_the_stream_is_cut(int pieceBytes)
    {
        const string Text = "one\n\ntwo three\nä ö ü\nlast";

        Assert.Equal(Text.Split('\n'), await ReadAsync(Text, pieceBytes));
    }

    [Fact]
    public async Task A_line_longer_than_the_first_buffer_is_read_whole()
    {
        var longLine = new string('x', 1_000_000);

        Assert.Equal([longLine, "y"], await ReadAsync($"{longLine}\ny\n", pieceBytes: 60_000));
    }

    [Fact]
    public async Task A_line_of_the_greatest_length_is_read_and_a_longer_one_is_refused_by_its_number()
    {
        Assert.Equal(["ok", "12345678"], await ReadAsync("ok\n12345678\n", pieceBytes: 5, maxLineBytes: 8));

        var refusal = await Assert.ThrowsAsync<CommandException>(() => ReadAsync("ok\n123456789\n", pieceBytes: 5, maxLineBytes: 8));
        Assert.StartsWith("Line 2 is longer than the 8 bytes", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_a_line_that_never_comes_ends_with_cancellation()
    {
        using var stop = new CancellationTokenSource();
        var reader = new LineReader(new NeverStream(), 100);

        var waiting = reader.FillAsync(stop.Token).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static async Task<List<string>> ReadAsync(string text, int pieceBytes, int maxLineBytes = 10_000_000)
    {
        var reader = new LineReader(new PieceStream(Encoding.UTF8.GetBytes(text), pieceBytes), maxLineBytes);
        var lines = new List<string>();
        do
        {
            while (reader.TryRead(out var line))
            {
                lines.Add(Encoding.UTF8.GetString(line.Span));
                Assert.Equal(lines.Count, reader.LineNumber);
            }
        }
        while (await reader.FillAsync(CancellationToken.None));
        return lines;
    }

    /// <summary>Hands out at most so many bytes per read, as a pipe does.</summary>
    private sealed class PieceStream(byte[] bytes, int pieceBytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, pieceBytes)], cancellationToken);
    }

    /// <summary>A terminal at which nobody types.</summary>
    private sealed class NeverStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(new TaskCompletionSource<int>().Task);
    }
}
