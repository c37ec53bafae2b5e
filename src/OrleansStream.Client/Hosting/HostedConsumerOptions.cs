using OrleansStream.Client.Consuming;

namespace OrleansStream.Client.Hosting;

/// <summary>How a consumer that the application hosts works: everything that a consumer has, and what becomes of failures.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed record HostedConsumerOptions<TKey, TValue> : ConsumerOptions<TKey, TValue>
{
    /// <summary>
    /// How many consumers, each a member of the group, this application runs. One handler runs at a time in each, so it is also how
    /// many run at the same time; more than there are partitions have nothing to do. One.
    /// </summary>
    /// <remarks>With an <see cref="ConsumerOptions.InstanceId"/> and more than one, each gets the id with its number: <c>id-0</c>, <c>id-1</c>.</remarks>
    public int Instances { get; init; } = 1;

    /// <summary>The most records that a batch handler gets at once. 500.</summary>
    public int MaxBatchRecords { get; init; } = 500;

    /// <summary>How often handling a record is tried before <see cref="AfterLastAttempt"/> applies. Five.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>
    /// The pause after the first failure; it doubles up to <see cref="MaxRetryBackoff"/>, with jitter. Meanwhile nothing of the
    /// partition is handled, so its order is kept, and the other partitions go on. 200 ms.
    /// </summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between two attempts. Thirty seconds.</summary>
    public TimeSpan MaxRetryBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What becomes of a record whose last attempt failed. The consumer stops: nothing is passed over unless somebody says so.</summary>
    public AfterLastAttempt AfterLastAttempt { get; init; } = AfterLastAttempt.StopConsumer;

    /// <summary>
    /// Decides for each failure instead of <see cref="AfterLastAttempt"/>, and is the place to put the records aside before
    /// skipping them. If it throws, the consumer stops.
    /// </summary>
    public Func<HandlerFailure<TKey, TValue>, CancellationToken, ValueTask<AfterLastAttempt>>? OnLastAttemptFailed { get; init; }

    /// <summary>
    /// How long handlers may finish what they have in hand when the application stops; then they are cancelled. Keep it some
    /// seconds below the host's own shutdown timeout, which cuts it short. Fifteen seconds.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Whether a consumer that stopped for good, because of a failure, ends the application: its exception then reaches the host,
    /// which does what <c>HostOptions.BackgroundServiceExceptionBehavior</c> says. False: the rest of the application goes on,
    /// and the log and the metric <c>orleansstream.hosted_consumer.instances</c> tell.
    /// </summary>
    public bool StopsApplication { get; init; }

    /// <exception cref="ArgumentException">An option contradicts another one or a limit; the message names it.</exception>
    internal void ValidateHosting()
    {
        Validate();
        Require(GroupId is not null, nameof(GroupId), "must be set: what was handled is committed to a group");
        Require(Topics.Count > 0, nameof(Topics), "must name a topic");
        Require(EnableAutoCommit, nameof(EnableAutoCommit), "must stay true: it commits what was handled, and nothing else");
        Require(Instances is >= 1 and <= 1000, nameof(Instances), "must be 1 to 1000");
        Require(MaxBatchRecords >= 1, nameof(MaxBatchRecords), "must be positive");
        Require(MaxAttempts >= 1, nameof(MaxAttempts), "must be positive");
        Require(RetryBackoff > TimeSpan.Zero, nameof(RetryBackoff), "must be positive");
        Require(MaxRetryBackoff >= RetryBackoff, nameof(MaxRetryBackoff), $"must not be shorter than {nameof(RetryBackoff)}");
        Require(DrainTimeout >= TimeSpan.Zero, nameof(DrainTimeout), "must not be negative");
        Require(Enum.IsDefined(AfterLastAttempt), nameof(AfterLastAttempt), "must be StopConsumer or SkipRecords");

        static void Require(bool isMet, string name, string rule)
        {
            if (!isMet)
            {
                throw new ArgumentException($"{nameof(ConsumerOptions)}.{name} {rule}.");
            }
        }
    }
}
