using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Client.Producing.Batching;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Producing.Delivery;

/// <summary>
/// Delivers the batches of one partition, one at a time: seals, sends, and repeats the same bytes while the outcome is not
/// known, until the delivery timeout. Its callers see to it that only one call runs at a time.
/// </summary>
internal sealed partial class BatchSender
{
    private const int DamagedAttemptsAllowed = 3;

    private readonly ProducerSession _session;
    private readonly TopicProducer _topic;
    private readonly PartitionId _partition;
    private readonly TopicPartition _topicPartition;
    private readonly ILogger _logger;

    public BatchSender(ProducerSession session, TopicProducer topic, PartitionId partition, TopicPartition topicPartition)
    {
        _session = session;
        _topic = topic;
        _partition = partition;
        _topicPartition = topicPartition;
        _logger = session.Connection.Loggers.CreateLogger<BatchSender>();
    }

    internal ProducerSequence Sequence { get; } = new();

    /// <summary>Delivers a batch; never throws.</summary>
    /// <param name="batch">The batch, which has the fate of all its records noted afterwards.</param>
    /// <param name="accumulator">Gets the batch's builder back.</param>
    /// <returns>Null; or, when the topic was deleted and created again, who shall deliver the batch instead.</returns>
    public async Task<RecordAccumulator?> DeliverAsync(ProducerBatch batch, RecordAccumulator accumulator)
    {
        var start = _session.Time.GetTimestamp();
        while (batch.NextPart is { } part)
        {
            try
            {
                if (await DeliverPartAsync(batch, part, accumulator).ConfigureAwait(false) is { } movedTo)
                {
                    return movedTo;
                }
            }
            catch (Exception exception)
            {
                // A bug. The records must not be stranded, and nothing is known about their fate.
                LogSenderFailed(_logger, _topicPartition, exception);
                part.HasUnknownOutcome = true;
                if (ReferenceEquals(batch.NextPart, part))
                {
                    Fail(batch, part, ErrorCode.Unknown, $"The producer failed unexpectedly: {exception.Message}", exception);
                }
            }
        }

        if (ClientTelemetry.OperationDuration.Enabled)
        {
            ClientTelemetry.OperationDuration.Record(
                _session.Time.GetElapsedTime(start).TotalSeconds,
                ClientTelemetry.Tags(ClientTelemetry.SendOperation, _topicPartition, ErrorCode.None));
        }

        return null;
    }

    private async Task<RecordAccumulator?> DeliverPartAsync(ProducerBatch batch, BatchPart part, RecordAccumulator accumulator)
    {
        Attempt attempt = default;
        for (var failures = 0; ;)
        {
            var remaining = _session.Options.DeliveryTimeout - _session.Time.GetElapsedTime(batch.CreatedAt);
            if (remaining <= TimeSpan.Zero)
            {
                GiveUp(batch, part, attempt);
                return null;
            }

            attempt = await AttemptAsync(part, accumulator, remaining).ConfigureAwait(false);
            part.HasUnknownOutcome |= attempt.MayBeStored;
            switch (attempt.Error)
            {
                case ErrorCode.None:
                    batch.Resolve(attempt.BaseOffset);
                    return null;

                case ErrorCode.MessageTooLarge when part.RecordCount > 1 && !part.HasUnknownOutcome:
                    await SplitAsync(batch, part).ConfigureAwait(false);
                    return null;

                case ErrorCode.OutOfOrderSequenceNumber when !part.WasRenumbered:
                    Renumber(batch, part);
                    return null;

                case ErrorCode.InvalidProducerEpoch:
                    Fail(batch, part, attempt.Error, attempt.Message!, attempt.Cause);
                    Sequence.Abandon();
                    return null;

                case ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition:
                    var (successor, problem) = await _topic.FindSuccessorAsync(_partition).ConfigureAwait(false);
                    if (successor is not null)
                    {
                        LogTopicRecreated(_logger, _topicPartition, part.RecordCount);
                        batch.Replace(part.IsSealed ? part.Reopen(_session.Options.Compression, ProtocolLimits.MaxRecordBytes) : [part]);
                        return successor;
                    }

                    if (problem is { IsRetriable: false })
                    {
                        Fail(batch, part, problem.Value.Error, problem.Value.Message, problem.Value.Cause);
                        return null;
                    }

                    break;

                case ErrorCode.CorruptMessage when failures + 1 < DamagedAttemptsAllowed:
                    break;

                default:
                    if (!OrleansStreamException.IsRetriableCode(attempt.Error) && !(attempt.IsUnexplained && _session.Options.EnableIdempotence))
                    {
                        Fail(batch, part, attempt.Error, attempt.Message!, attempt.Cause);
                        return null;
                    }

                    break;
            }

            failures++;
            LogRetry(_logger, _topicPartition, part.RecordCount, failures, attempt.Error, attempt.Message!);
            ClientTelemetry.Retries.Add(1);
            if (attempt.Error != ErrorCode.NotLeaderOrFollower || failures > 1)
            {
                // A partition that moved is no trouble: the first time its grain is asked at once, and answers when it is open again.
                await _session.Retry.PauseAsync(failures, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task<Attempt> AttemptAsync(BatchPart part, RecordAccumulator accumulator, TimeSpan remaining)
    {
        var connection = _session.Connection;
        PartitionRoute? route = null;
        Attempt attempt;
        PartitionLeader? leader = null;
        Task<ProduceResponse>? call = null;
        try
        {
            route = await connection.Router.FindAsync(_partition).AsTask().WaitAsync(remaining, _session.Time).ConfigureAwait(false);
            if (!part.IsSealed)
            {
                await SealAsync(part, accumulator, remaining).ConfigureAwait(false);
            }

            part.Attempts++;
            var request = new ProduceRequest(_partition, part.Lend());
            call = route.Endpoint is null ? route.Grain.ProduceAsync(request) : route.Endpoint.ProduceAsync(request);

            // Sequences make it safe to send a batch again that is only late.
            Func<Task<bool>>? isInHand = route.Endpoint is { } endpoint && _session.Options.EnableIdempotence ? () => endpoint.IsAppendingAsync(_partition) : null;
            var response = await connection.Router.AwaitAsync(route, call, remaining, isInHand).ConfigureAwait(false);
            attempt = Attempt.From(response);
            leader = response.Leader;
        }
        catch (Exception exception)
        {
            call?.Ignore();
            attempt = Attempt.From(CallFailure.From(exception), wasSent: call is not null);
        }

        if (call is not null)
        {
            connection.Router.Report(route!, attempt.Error, leader);
        }

        return attempt;
    }

    private async Task SealAsync(BatchPart part, RecordAccumulator accumulator, TimeSpan remaining)
    {
        if (!_session.Options.EnableIdempotence)
        {
            accumulator.Return(part.Seal(-1, -1, -1), part.MaxBytes);
            return;
        }

        if (!Sequence.HasProducerId)
        {
            Sequence.Begin(await _session.GetProducerIdAsync(Sequence.LastProducerId).WaitAsync(remaining, _session.Time).ConfigureAwait(false));
        }

        var first = Sequence.Take(part.RecordCount);
        accumulator.Return(part.Seal(Sequence.ProducerId, Sequence.ProducerEpoch, first), part.MaxBytes);
    }

    private async Task SplitAsync(ProducerBatch batch, BatchPart part)
    {
        var limit = await _topic.RefreshMaxBatchBytesAsync().ConfigureAwait(false);
        var size = part.SizeInBytes;
        if (_session.Options.EnableIdempotence)
        {
            Sequence.ReturnTo(part.BaseSequence);
        }

        var parts = part.Reopen(_session.Options.Compression, limit < size ? limit : size / 2);
        LogSplit(_logger, _topicPartition, size, parts.Count);
        batch.Replace(parts);
    }

    /// <summary>
    /// The partition misses a batch before this one, which was acknowledged: it lost records, as it may when it does not flush
    /// them and its machine stops. This batch is certainly not stored, or it would have been recognised; so it begins a new
    /// epoch, and whatever is left of earlier attempts is refused.
    /// </summary>
    private void Renumber(ProducerBatch batch, BatchPart part)
    {
        LogSequenceGap(_logger, _topicPartition, part.BaseSequence);
        Sequence.BeginNewEpoch();
        var parts = part.Reopen(_session.Options.Compression, ProtocolLimits.MaxRecordBytes);
        foreach (var reopened in parts)
        {
            reopened.WasRenumbered = true;
        }

        batch.Replace(parts);
    }

    private void GiveUp(ProducerBatch batch, BatchPart part, Attempt last)
    {
        var reason = last.Message ?? (part.Attempts == 0 ? "It waited behind other batches all the time." : "No answer came.");
        var doubt = part.HasUnknownOutcome ? " It may have been stored nevertheless." : "";
        Fail(
            batch,
            part,
            last.Error == ErrorCode.None ? ErrorCode.RequestTimedOut : last.Error,
            $"The record for {_topicPartition} was not acknowledged within {_session.Options.DeliveryTimeout.TotalSeconds:0.###} s: {reason}{doubt}",
            last.Cause);
    }

    private void Fail(ProducerBatch batch, BatchPart part, ErrorCode error, string message, Exception? cause)
    {
        LogFailed(_logger, _topicPartition, part.RecordCount, error, message);
        if (part.IsSealed && _session.Options.EnableIdempotence)
        {
            if (part.HasUnknownOutcome)
            {
                Sequence.BeginNewEpoch();
                LogSequenceRestarted(_logger, _topicPartition, Sequence.ProducerEpoch);
            }
            else
            {
                Sequence.ReturnTo(part.BaseSequence);
            }
        }

        batch.Fail(error, message, cause);
    }

    [LoggerMessage(LogEvents.BatchRetried, LogLevel.Debug, "{Partition}: a batch of {Records} records is sent again after {Failures} failures; the last was {Error}: {Reason}")]
    private static partial void LogRetry(ILogger logger, TopicPartition partition, int records, int failures, ErrorCode error, string reason);

    [LoggerMessage(LogEvents.BatchFailed, LogLevel.Error, "{Partition}: a batch of {Records} records was not delivered: {Error}. {Reason}")]
    private static partial void LogFailed(ILogger logger, TopicPartition partition, int records, ErrorCode error, string reason);

    [LoggerMessage(LogEvents.BatchSplit, LogLevel.Information, "{Partition}: a batch of {Bytes} bytes was refused as too large and goes on in {Parts} parts.")]
    private static partial void LogSplit(ILogger logger, TopicPartition partition, int bytes, int parts);

    [LoggerMessage(LogEvents.SequenceRestarted, LogLevel.Warning, "{Partition}: the fate of a batch is not known; producer epoch {Epoch} begins.")]
    private static partial void LogSequenceRestarted(ILogger logger, TopicPartition partition, short epoch);

    [LoggerMessage(LogEvents.SequenceGap, LogLevel.Warning, "{Partition}: the partition lost acknowledged records before sequence {Sequence}; a new producer epoch begins.")]
    private static partial void LogSequenceGap(ILogger logger, TopicPartition partition, int sequence);

    [LoggerMessage(LogEvents.SenderFailed, LogLevel.Error, "{Partition}: delivering a batch failed in a way nobody foresaw.")]
    private static partial void LogSenderFailed(ILogger logger, TopicPartition partition, Exception exception);

    [LoggerMessage(LogEvents.TopicRecreated, LogLevel.Warning, "{Partition}: the topic was deleted and created again; {Records} records go to the new one.")]
    private static partial void LogTopicRecreated(ILogger logger, TopicPartition partition, int records);
}
