namespace OrleansStream.Kafka.Transport;

/// <summary>A request that was begun. Answers go out in the order of these, whenever they are ready.</summary>
/// <param name="Context">The request.</param>
/// <param name="Answer">Its answer; null for none.</param>
/// <param name="Version">The version whose layout the answer has.</param>
/// <param name="StartedAt">When it had arrived, as a reading of the clock.</param>
/// <param name="Written">Completes when the answer has been handed to the network.</param>
internal sealed record PendingAnswer(RequestContext Context, Task<IKafkaMessage?> Answer, short Version, long StartedAt, TaskCompletionSource? Written) : IAsyncDisposable
{
    /// <summary>The request's memory is given back only when nothing reads it any more, whether somebody still wants the answer or not.</summary>
    public async ValueTask DisposeAsync()
    {
        await ((Task)Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Context.Dispose();
    }
}
