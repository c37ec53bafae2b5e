using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Diagnostics;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Transport;
using OrleansStream.Kafka.Wire;
using RequestContext = OrleansStream.Kafka.Apis.RequestContext;

namespace OrleansStream.Kafka.Tests.Transport;

/// <summary>What becomes of requests whose client goes away.</summary>
public sealed class AnswerWriterTests
{
    private readonly Channel<PendingAnswer> _queue = Channel.CreateUnbounded<PendingAnswer>();
    private readonly SharedRoom _room = new(1024 * 1024);
    private readonly Pipe _network = new(new PipeOptions(useSynchronizationContext: false));

    [Fact]
    public async Task The_bytes_of_a_request_are_given_back_when_nothing_reads_them_any_more_and_not_before()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new KafkaMetrics(services.GetRequiredService<IMeterFactory>(), TimeProvider.System);
        using var writer = new AnswerWriter(
            new PipeOutput(_network.Writer), _queue.Reader, new ConnectionClock(TimeProvider.System, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)), metrics);
        var appending = new TaskCompletionSource<IKafkaMessage?>();
        Enqueue(Task.FromResult<IKafkaMessage?>(new ProduceResponse()));
        Enqueue(appending.Task);
        await _network.Reader.CompleteAsync();

        var running = writer.RunAsync(default);

        // The first answer cannot be sent; the second request is still being appended from its bytes.
        Assert.False(running.IsCompleted);
        Assert.Equal(RequestFrame.RoomFor(100), _room.Used);
        appending.SetResult(new ProduceResponse());
        await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        Assert.Equal(0, _room.Used);
    }

    private void Enqueue(Task<IKafkaMessage?> answer)
    {
        var bytes = RequestFrame.RoomFor(100);
        var own = new ByteGate(bytes);
        Assert.True(own.TryTake(bytes) && _room.For(bytes).TryTake(bytes));
        var context = new RequestContext(ProduceRequest.Api, 9, 1, null, new ClientConnection(null), new AnswerRoom(Options.Create(new KafkaOptions())), default);
        context.DisposeAfterAnswer(new RequestFrame(100, own, _room.For(bytes)));
        Assert.True(_queue.Writer.TryWrite(new PendingAnswer(context, answer, 9, 0, null)));
    }
}
